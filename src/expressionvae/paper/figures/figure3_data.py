"""The reversion benchmark's scores of all encoders as one table, beside the paper's numbers (section 4.3, Figure 3)."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from expressionvae import stored
from expressionvae.files import reading, require
from expressionvae.paper import names
from expressionvae.paper.published import lookup
from expressionvae.writing.formatting import DASH, fixed
from expressionvae.writing.markdown import document, pipe_table
from expressionvae.writing.markup import prose

SELECTIVITY = "selectivity_auc"
PANELS = {"gene_ch_treated": "Gene CH (T)", "gene_ch_untreated": "Gene CH (U)", "enrichment_auc": "Enrichment AUC"}
METRICS = PANELS | {SELECTIVITY: "Selectivity AUC"}  # the paper speaks of selectivity and shows no panel of it
TRAINED, UNTRAINED, PCA, HVG, DEPTH = "trained", "untrained", "pca", "hvg", "depth"
EMBEDDINGS = {
    TRAINED: "encoder",
    UNTRAINED: "untrained encoder",
    PCA: "PCA",
    HVG: "log values (HVG)",
    DEPTH: "depth alone",
}
TOGETHER = ((TRAINED, UNTRAINED), (PCA, HVG, DEPTH))  # in one file
KEY = ["screen", "dataset", "embedding", "bottleneck", "head"]
_NUMBERS = ["value", "low", "high", "random_low", "random_high", "p_value", "positives", "targets", "cells"]
SUMMARY = [*KEY, "metric", *_NUMBERS, "n", "published"]
DECIMALS = {"gene_ch_treated": 2, "gene_ch_untreated": 2, "enrichment_auc": 3, SELECTIVITY: 3}


def collect(about: Sequence[Mapping[str, Any]], paths: Sequence[str | Path]) -> pd.DataFrame:
    """One long table of score files; about: screen, dataset and, of an encoder, bottleneck, head, vae_seed.

    Raises:
        UserError: when a file lacks a column.
    """
    parts = []
    for entry, path in zip(about, paths, strict=True):
        with reading(path, "a table of reversion scores"):
            table = stored.table(path, texts=["embedding", "metric"], numbers=_NUMBERS)
            rows = sorted(zip(table["embedding"], table["metric"], strict=True))
            complete = [sorted((name, metric) for name in kind for metric in METRICS) for kind in TOGETHER]
            require(rows in complete, f"its rows are not those of {' or of '.join(map(' and '.join, TOGETHER))}")
        who = {"bottleneck": "", "head": "", "vae_seed": 0} | dict(entry)
        parts.append(table.assign(**who))
    return pd.concat(parts, ignore_index=True)


def summarise(scores: pd.DataFrame, published: pd.DataFrame, screens: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """`SUMMARY`, a row an embedding and metric, in the order of `scores`; `n` VAE seeds, where it is defined.

    Values and interval ends are means over the seeds, the p-value is the largest. `published` is the paper's
    number, on the screens that the paper's figure is about. scGPT has a row there, with nothing but its number.
    """
    how = {name: "max" if name == "p_value" else "mean" for name in _NUMBERS} | {"vae_seed": "nunique"}
    scores = scores.assign(vae_seed=scores["vae_seed"].where(scores["value"].notna()))  # a mean leaves out NaN
    table = scores.groupby([*KEY, "metric"], sort=False, as_index=False).agg(how).rename(columns={"vae_seed": "n"})
    table["published"] = [
        _published(published, row) if screens[row["screen"]].get("published") else math.nan
        for row in table.to_dict("records")
    ]
    theirs = published[(published["item"] == "figure3") & (published["model"] == "scgpt")]
    own = [name for name in dict.fromkeys(table["screen"]) if screens[name].get("published")]
    rows = [
        dict(zip(KEY, (name, "", "scgpt", "", ""), strict=True)) | {"metric": row["metric"], "published": row["mean"]}
        for name in own
        for row in theirs.to_dict("records")
    ]
    parts = [table, pd.DataFrame(rows)] if rows else [table]
    return pd.concat(parts, ignore_index=True)[SUMMARY]


def _published(published: pd.DataFrame, row: Mapping[Any, Any]) -> float:
    if row["embedding"] != TRAINED:
        return math.nan
    found = lookup(published, "figure3", row["dataset"], row["bottleneck"], row["head"], row["metric"])
    return math.nan if found is None else found[0]


def markdown(summary: pd.DataFrame, screens: Mapping[str, Mapping[str, Any]], notes: Mapping[str, str]) -> str:
    """The numbers of Figure 3 as a GitHub table a screen, under what they mean."""
    signs = " p: exact, one-sided (of several VAE seeds the largest)."
    signs += " [ ] the paper's own number." if summary["published"].notna().any() else ""
    parts = ["**Figure 3 as tables.** " + prose(caption(summary, notes)) + signs]
    for screen, table in summary.groupby("screen", sort=False):
        about = screens[str(screen)].get("note")
        parts.append(f"**{screen}**" + (f": {prose(about)}." if about else ""))
        parts.append(_grid(table))
        parts += _sizes(table)
    return document(*parts)


def caption(summary: pd.DataFrame, notes: Mapping[str, str]) -> str:
    """What the scores are, and how far they can be trusted."""
    text = (
        "Frozen encoders on screens that no training has seen. Gene CH: Calinski-Harabasz score of the targets among "
        "treated (T) and untreated (U) cells over its mean under shuffled labels (1 = none). Enrichment AUC: whether "
        "targets known to undo the stimulus bring cells nearest to untreated controls, as the area under the share of "
        "them found along the ranking (0.5 = random; its highest value is a little below 1), with a 95% bootstrap "
        "interval over targets. Selectivity AUC: the same of a ranking by how much nearer treated cells are than "
        "untreated ones. Untrained: the same encoder with fresh weights. PCA: principal components of "
        "the training cells; HVG: the panel's log values; depth: only how many of a cell's counts lie on the panel."
    )
    several = " Means over VAE seeds." if (summary["n"] > 1).any() else ""
    about = [f"{names.dataset(name)}: {note}." for name, note in notes.items() if note]
    return " ".join([text + several, *about])


def _grid(table: pd.DataFrame) -> str:
    head = [
        "Trained on",
        "Embedding",
        "Bottleneck",
        "Head",
        *PANELS.values(),
        "95% interval",
        "p",
        METRICS[SELECTIVITY],
    ]
    best = {metric: _best(table[table["metric"] == metric]) for metric in METRICS}
    lines = []
    for key, rows in table.groupby(KEY[1:], sort=False, dropna=False):
        dataset, embedding, bottleneck, name = map(str, key)
        by_metric = rows.set_index("metric")
        who = [names.dataset(dataset), EMBEDDINGS.get(embedding) or names.baseline(embedding), bottleneck]
        *cells, last = (_cell(by_metric, metric, best[metric].get(dataset)) for metric in METRICS)
        lines.append([*(text or DASH for text in (*who, names.head(name))), *cells, *_interval(by_metric), last])
    auc = table[(table["metric"] == "enrichment_auc") & table["random_low"].notna()]
    if len(auc):
        low, high = auc["random_low"].iloc[0], auc["random_high"].iloc[0]
        lines.append(
            [DASH, "random ranking", DASH, DASH, "1.00", "1.00", "0.500", f"{low:.2f} to {high:.2f}", DASH, "0.500"]
        )
    return pipe_table(head, lines, left=4)


def _best(table: pd.DataFrame) -> dict[str, float]:
    """Highest value of a trained encoder, by dataset."""
    best = table[table["embedding"] == TRAINED].groupby("dataset")["value"].max()
    return {str(name): float(value) for name, value in best.items()}


def _cell(rows: pd.DataFrame, metric: str, best: float | None) -> str:
    if metric not in rows.index:
        return DASH
    row: Any = rows.loc[metric]
    decimals = DECIMALS[metric]
    text = fixed(float(row["value"]), decimals)
    text = f"**{text}**" if row["embedding"] == TRAINED and row["value"] == best else text
    return text + (f" [{fixed(float(row['published']), decimals)}]" if math.isfinite(row["published"]) else "")


def _interval(rows: pd.DataFrame) -> list[str]:
    row: Any = rows.loc["enrichment_auc"]
    if not math.isfinite(row["low"]):
        return [DASH, DASH]
    return [f"{row['low']:.2f} to {row['high']:.2f}", "<0.001" if row["p_value"] < 0.001 else f"{row['p_value']:.3f}"]


def _sizes(table: pd.DataFrame) -> list[str]:
    auc = table[(table["metric"] == "enrichment_auc") & table["targets"].notna()]
    if not len(auc):
        return []
    row = auc.iloc[0]
    return [
        f"{row['positives']:.0f} positives among {row['targets']:.0f} targets, {row['cells']:.0f} treated cells. With "
        f"so many, 95% of random rankings have an AUC of {row['random_low']:.2f} to {row['random_high']:.2f}."
    ]
