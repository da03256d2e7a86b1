"""Evidence from the paper's printed tables, and from our own score files."""

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from expressionvae import stored
from expressionvae.catalogue.priors import PRIORS
from expressionvae.files import reading, require
from expressionvae.paper import scores as score_files
from expressionvae.paper.claims.evidence import (
    CODES,
    OWN,
    PARAMETERS,
    REVERSION,
    TABLE,
    TRAINED,
    Evidence,
    Pair,
    Scores,
)
from expressionvae.paper.published import as_summary

# A quantity that is printed more than once is read from the first of these: Tables 5-9 have the most digits and
# standard errors; Table 1 is what the text quotes. Table 4 is about another gene set: it is evidence of `sizes` alone.
PRECEDENCE = ("table5", "table6", "table7", "table8", "table9", "table1", "figure2")
SEEDS = 4  # Section 4: "All numbers report mean +- SE across four seeds"
COVERAGE = {"parse1m": 1.0, "replogle": 0.9969}  # Section 3.1, the paragraph on quantile binning
POSITIVES, TARGETS = 6, 1732  # Section 4.3: NF-kB positive controls among the ranked perturbations
_BOTTLENECK = {kind: card.bottleneck for kind, card in PRIORS.items()}
# Table 4's rows by the names of the config.
SIZES = {
    f"{prior.upper()}-FSQ-MSE L={tokens}, K={codes}": (prior, bottleneck)
    for prior in ("ar", "mdlm")
    for tokens, codes, bottleneck in (
        (64, 512, "fsq"),
        (64, 1024, "fsq-wide"),
        (128, 512, "fsq-long"),
        (128, 1024, "fsq-long-wide"),
    )
}
_CELL = ["dataset", "bottleneck", "prior", "decoder", "baseline", "metric"]


def of_published(published: pd.DataFrame, pairs: Iterable[Pair] = ()) -> Evidence:
    """The paper's own numbers (`published.load`) as evidence; `pairs` are those of our rows."""
    printed = _printed(published)
    used = printed.drop_duplicates(_CELL)[TABLE]
    return Evidence(
        published=True,
        scores=Scores(used, printed=True),
        borrowed=Scores(used[used["baseline"] != ""], printed=True),
        sizes=Scores(_table4(published), printed=True),
        reversion=_figure3(published),
        coverage=COVERAGE if len(published) else {},
        pairs=tuple(pairs),
    )


def _table4(published: pd.DataFrame) -> pd.DataFrame:
    """The rows of Table 4 that name a size, as TABLE: `AR-FSQ-MSE L=64, K=512` and so on."""
    rows = published[(published["item"] == "table4") & published["model"].isin(SIZES)]
    who = pd.DataFrame([SIZES[label] for label in rows["model"]], columns=["prior", "bottleneck"], index=rows.index)
    table = rows.assign(prior=who["prior"], bottleneck=who["bottleneck"], decoder="mse", baseline="", n=np.nan)
    return table[TABLE]


def _printed(published: pd.DataFrame) -> pd.DataFrame:
    """All printings of all quantities, in order of precedence, with `item`, `decimals` and an SE where one fits."""
    parts = [
        as_summary(published, item).assign(
            item=item, decimals=published.loc[published["item"] == item, "decimals"].to_numpy()
        )
        for item in PRECEDENCE
    ]
    table = pd.concat(parts, ignore_index=True)
    table["bottleneck"] = table["prior"].map(_BOTTLENECK).fillna("")
    # An SE printed as 0.000 is at most half a unit of the last digit; the SE has as many decimals as the mean.
    table.loc[table["se"] == 0, "se"] = 0.5 * 10.0 ** -table["decimals"].astype(float)
    for _, group in table.groupby(_CELL, sort=False):
        if len(group) > 1 and math.isnan(group["se"].iloc[0]):
            agreeing = group[_agrees(group, group.iloc[0])]["se"].dropna()
            table.loc[group.index[0], "se"] = agreeing.iloc[0] if len(agreeing) else math.nan
    table["n"] = np.where(table["se"].notna(), SEEDS, np.nan)
    return table


def _agrees(group: pd.DataFrame, first: pd.Series) -> pd.Series:
    """Which printings are the first one up to rounding."""
    coarser = group["decimals"].clip(upper=first["decimals"]).astype(float)
    return (group["mean"] - first["mean"]).abs() <= 0.5 * 10.0**-coarser * (1 + 1e-6)


def printed_twice(published: pd.DataFrame) -> pd.DataFrame:
    """Quantities that the paper prints with different values: _CELL, used, mean (used), item, other."""
    table = _printed(published)
    lines = []
    for cell, group in table.groupby(_CELL, sort=False):
        if len(group) == 1:
            continue
        first = group.iloc[0]
        for other in group[~_agrees(group, first)].to_dict("records"):
            named = dict(zip(_CELL, cell, strict=True))
            lines.append(named | {"used": first["item"], "mean": first["mean"]} | _other(other))
    return pd.DataFrame(lines, columns=[*_CELL, "used", "mean", "item", "other"])


def _other(row: Mapping) -> dict:
    return {"item": row["item"], "other": row["mean"]}


def _figure3(published: pd.DataFrame) -> pd.DataFrame:
    rows = published[published["item"] == "figure3"]
    table = pd.DataFrame(
        {
            "dataset": rows["dataset"],
            "embedding": np.where(rows["head"] != "", TRAINED, ""),
            "bottleneck": rows["model"],
            "head": rows["head"],
            "screen": OWN,
            "metric": rows["metric"],
            "value": rows["mean"],
        }
    )
    spread = [_auc_width(metric, value) for metric, value in zip(table["metric"], table["value"], strict=True)]
    table["low"], table["high"] = table["value"] - spread, (table["value"] + spread).clip(upper=1.0)
    return table[REVERSION].reset_index(drop=True)


def _auc_width(metric: str, value: float) -> float:
    return 1.96 * auc_se(value, POSITIVES, TARGETS - POSITIVES) if metric == "enrichment_auc" else math.nan


def auc_se(auc: float, positives: int, negatives: int) -> float:
    """Standard error of a rank AUC from its counts alone (Hanley and McNeil, Radiology 143, 1982)."""
    both_positive, both_negative = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (positives - 1) * (both_positive - auc**2) + (negatives - 1) * (both_negative - auc**2)
    return math.sqrt(spread / (positives * negatives))


def of_files(
    scores: Iterable[str | Path],
    published: pd.DataFrame,
    *,
    reversion: Iterable[str | Path],
    coverage: Mapping[str, str | Path],
    codes: Iterable[tuple[Mapping[str, str], str | Path]] = (),
    parameters: str | Path | None = None,
    pairs: Iterable[Pair] = (),
) -> Evidence:
    """Our own score files as evidence; baselines that were not run are borrowed from `published`.

    `scores` are long tables (`scores.collect`) that may share rows; `coverage` is a JSON file per dataset; `codes` are
    tables of the use of codes, each with what it is about (dataset, bottleneck, head); `parameters` is a CSV file;
    `pairs` are rows of baselines that differ in what they emit.
    Raises UserError for a file that lacks a column.
    """
    table = _together([score_files.read(path) for path in scores])
    ours = Scores(score_files.summarise(table, "paper"))
    unbiased, half = (Scores(score_files.summarise(table, variant)) for variant in ("unbiased", "half"))
    return Evidence(
        published=False,
        scores=ours,
        sizes=ours,
        unbiased=unbiased,
        half=half,
        borrowed=of_published(published).borrowed,
        reversion=_stacked([_read_reversion(path) for path in reversion], REVERSION),
        coverage={dataset: _share(path) for dataset, path in coverage.items()},
        codes=_stacked([_codes(*one) for one in codes], CODES),
        parameters=_parameters(parameters) if parameters else pd.DataFrame(columns=PARAMETERS),
        pairs=tuple(pairs),
    )


def as_list(files: str | Iterable[str]) -> list[str]:
    """Files of one Snakemake input, which is a string where there is one."""
    return [files] if isinstance(files, str) else list(files)


def _stacked(tables: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


def _together(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """One long table; a run that several files hold must have the same scores in each."""
    whole = _stacked(tables, score_files.COLUMNS)
    key = [*score_files.RUN, *score_files.SEEDS, "metric", "variant"]
    once = whole.drop_duplicates()
    twice = once[once.duplicated(key)]
    assert twice.empty, f"two scores of one run differ between files: {twice.iloc[0].to_dict()}"
    return once


def _read_reversion(path: str | Path) -> pd.DataFrame:
    """Figure 3's numbers; the screen beside which it has the paper's is the paper's own."""
    numbers = ["value", "low", "high"]
    with reading(path, "the numbers of Figure 3"):
        texts = [name for name in REVERSION if name not in numbers]
        table = stored.table(path, texts=texts, numbers=[*numbers, "published"])
    own = table.loc[table["published"].notna(), "screen"].unique()
    return table.assign(screen=table["screen"].mask(table["screen"].isin(own), OWN))[REVERSION]


def _codes(about: Mapping[str, str], path: str | Path) -> pd.DataFrame:
    with reading(path, "what an encoder uses of its codebook"):
        return stored.table(path, texts=[], numbers=CODES[3:]).assign(**about)[CODES]


def _parameters(path: str | Path) -> pd.DataFrame:
    with reading(path, "the numbers of weights"):
        return stored.table(path, texts=PARAMETERS[:-1], numbers=PARAMETERS[-1:])[PARAMETERS]


def _share(path: str | Path) -> float | None:
    with reading(path, "the share of top genes' means in bounded bins"):
        share = json.loads(Path(path).read_text(encoding="utf-8"))["share"]
        require(share is None or 0 <= share <= 1, f"share is {share!r}")
    return share
