"""Many small score files become one long table, and replicates become mean and standard error."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from expressionvae import stored
from expressionvae.catalogue.baselines import FLOOR
from expressionvae.catalogue.metric_card import PAPER
from expressionvae.catalogue.metrics import METRICS
from expressionvae.files import UserError, reading, require

RUN = ["dataset", "bottleneck", "prior", "decoder", "baseline"]
TRAINING = ["vae_seed", "prior_seed"]
SEEDS = [*TRAINING, "sample_seed"]
COLUMNS = [*RUN, *SEEDS, "metric", "variant", "value", "n"]
SUMMARY = [*RUN, "metric", "mean", "se", "n", "undefined", "cells"]

Pair = tuple[str, str]
_COUNTS = (("n_true", "n_pred"), ("n_valid", "n_total"))


def collect(runs: Sequence[dict[str, Any]], files: Sequence[tuple[str | Path, str | Path]]) -> pd.DataFrame:
    """One row per run, metric and variant, in the order of `runs`.

    A run is `dataset` with `baseline` and `sample_seed`, or with `bottleneck`, `prior`, `decoder` and the
    three seeds (`head` and `predict` follow from the decoder and are left out). What a run lacks is "" or
    missing. `n` is the number of cells on the smaller side (distribution metrics) or of perturbations that
    define the metric (effects). Raises UserError when a file is damaged or lacks a row, or a run comes twice.
    """
    assert len(runs) == len(files), "one pair of files per run"
    parts = []
    for run, (distribution, effects) in zip(runs, files, strict=True):
        expected = expected_rows(run.get("baseline") or "")
        for path, counts, rows in zip((distribution, effects), _COUNTS, expected, strict=True):
            parts.append(_one(run, Path(path), counts, rows))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)
    twice = table[table.duplicated([*RUN, *SEEDS, "metric", "variant"])]
    if len(twice):
        raise UserError(f"scores: the run {_named(twice.iloc[0])} comes twice; expected once")
    return _typed(table[COLUMNS])


def expected_rows(baseline: str) -> tuple[list[Pair], list[Pair]]:
    """(metric, variant) of the rows of distribution.csv and effects.csv of a baseline, or of a model ("")."""
    from expressionvae.metrics import scores  # a second, which what reads no scores need not wait

    if baseline == FLOOR:
        return scores.FLOOR, scores.CEILING
    return scores.DISTRIBUTION, scores.EFFECTS


def _one(run: dict[str, Any], path: Path, counts: tuple[str, str], expected: list[Pair]) -> pd.DataFrame:
    with reading(path, "the scores of a run"):
        part = stored.table(path, texts=["metric", "variant"], numbers=["value", *counts])
        _require_rows(part, expected)
        require((part[list(counts)] >= 0).to_numpy().all(), "a number of cells or perturbations is none")
        part["n"] = part[list(counts)].min(axis=1)
    return part.assign(**{key: run.get(key) or "" for key in RUN}, **{key: run.get(key) for key in SEEDS})


def _require_rows(part: pd.DataFrame, expected: list[Pair]) -> None:
    found = list(zip(part["metric"], part["variant"], strict=True))
    for pair in expected:
        require(found.count(pair) == 1, f"it has {found.count(pair)} rows of {' '.join(pair)}, expected one")
    more = sorted({*found} - {*expected})
    require(not more, f"it has a row of {' '.join(more[0]) if more else ''}, which is unknown")


def _named(row: pd.Series) -> str:
    return " ".join(f"{key}={row[key]}" for key in (*RUN, *SEEDS) if row[key] not in ("", None) and pd.notna(row[key]))


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype(
        {key: str for key in (*RUN, "metric", "variant")} | {key: "Int64" for key in (*SEEDS, "n")} | {"value": float}
    )


def read(path: str | Path) -> pd.DataFrame:
    """The long table that `collect` made, from its CSV. Raises UserError when it is damaged or lacks a row."""
    with reading(path, "the scores of runs"):
        table = stored.table(path, texts=[*RUN, "metric", "variant"], numbers=[*SEEDS, "value", "n"])
        for _, part in table.groupby([*RUN, *SEEDS], dropna=False):
            _require_rows(part, [pair for rows in expected_rows(str(part["baseline"].iloc[0])) for pair in rows])
        return _typed(table[COLUMNS])


def replicates(rows: pd.DataFrame, by: list[str], values: list[str]) -> pd.DataFrame:
    """The replicates of each group, a row each: `by` and the seeds, with `values`.

    Where a group has several trainings, each is one, with the mean over those of its samples that have a value: what a
    training has by chance all its samples share. Where it has one, its samples are.
    """
    training = rows.groupby(TRAINING, dropna=False).ngroup()
    several = rows[by].assign(training=training).groupby(by, dropna=False)["training"].transform("nunique") > 1
    merged = rows.assign(sample_seed=rows["sample_seed"].mask(several))
    return merged.groupby([*by, *SEEDS], sort=False, dropna=False)[values].mean().reset_index()


def averaged(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """mean, se and n of the `value` of each group's replicates, by group in order of first appearance; rows: how many.

    se = sd (n - 1 in the denominator) / sqrt(n), NaN for one replicate; `n` counts the replicates that have a value.
    """
    groups = replicates(rows, by, ["value"]).groupby(by, sort=False)
    # SeriesGroupBy.sem is exactly sd(ddof=1)/sqrt(n) over what is not NaN.
    return groups.agg(mean=("value", "mean"), se=("value", "sem"), n=("value", "count"), rows=("value", "size"))


def summarise(scores: pd.DataFrame, variant: str) -> pd.DataFrame:
    """Replicates of `variant` as mean, standard error and count, rows in order of first appearance.

    Mean, se and n as in `averaged`; `undefined` counts the replicates in which the metric is not defined; `cells` is
    the smallest `n` of the long table. Of a metric that has no variant of the paper's, "paper" takes the one that its
    card shows.
    """
    shown = {name: card.shown for name, card in METRICS.items()}
    wanted = scores["metric"].map(shown) if variant == PAPER else variant
    rows, by = scores.loc[scores["variant"] == wanted], [*RUN, "metric"]
    table = averaged(rows, by)
    table["cells"] = rows.groupby(by, sort=False)["n"].min()
    table = table.reset_index()
    table["undefined"] = table["rows"] - table["n"]
    return table[SUMMARY]
