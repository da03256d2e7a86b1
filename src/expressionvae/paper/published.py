"""The paper's own numbers, typed once (resources/published/*.csv), and where it disagrees with itself."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from expressionvae import stored
from expressionvae.files import RESTORE, UserError, reading
from expressionvae.paper.scores import SUMMARY

KEY = ["item", "dataset", "model", "head", "metric"]


def load(paths: str | Path | Iterable[str | Path]) -> pd.DataFrame:
    """All published numbers: KEY, mean, se (NaN where there is none), and the decimals of both as printed.

    Raises UserError for a missing column, a mean that is no number, or a number given twice.
    """
    files = [paths] if isinstance(paths, str | Path) else paths
    parts = [_one(Path(path)) for path in files]
    columns = [*KEY, "mean", "se", "decimals", "se_decimals"]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    twice = table[table.duplicated(KEY)]
    if len(twice):
        raise UserError(f"published numbers: {' '.join(twice.iloc[0][KEY])} is given twice; expected once")
    return table


def _one(path: Path) -> pd.DataFrame:
    with reading(path, "published numbers", RESTORE):
        text = stored.table(path, texts=[*KEY, "mean", "se"], numbers=[])
    decimals, se_decimals = (text[key].str.partition(".")[2].str.len().astype(int) for key in ("mean", "se"))
    mean, se = (pd.to_numeric(text[key], errors="coerce").astype(float) for key in ("mean", "se"))
    if mean.isna().any():
        raise UserError(f"{path}: line {int(mean.isna().idxmax()) + 2}: mean is not a number")
    return text[KEY].assign(mean=mean, se=se, decimals=decimals, se_decimals=se_decimals)


def lookup(
    published: pd.DataFrame, item: str, dataset: str, model: str, head: str, metric: str
) -> tuple[float, float] | None:
    """(mean, se) of one number of table or figure `item`, or None; se is NaN where the paper gives none.

    `model` is the prior or the baseline; `head` is the decoder, "" for a baseline.
    """
    wanted = dict(zip(KEY, (item, dataset, model, head, metric), strict=True))
    found = published
    for key, value in wanted.items():
        found = found[found[key] == value]
    return None if found.empty else (float(found["mean"].iloc[0]), float(found["se"].iloc[0]))


def disagreements(published: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """Numbers that items `first` and `second` both print and that differ by more than rounding explains.

    Columns: dataset, model, head, metric, mean_first, mean_second (and their decimals).
    """
    sides = [
        published.loc[published["item"] == item].drop(columns=["item", "se", "se_decimals"]) for item in (first, second)
    ]
    both = sides[0].merge(sides[1], on=KEY[1:], suffixes=("_first", "_second"))
    far = _apart(both["mean_first"], both["mean_second"], both[["decimals_first", "decimals_second"]])
    return both[far].reset_index(drop=True)


def contradictions(published: pd.DataFrame, item: str) -> pd.DataFrame:
    """What other items print for quantities of `item` with another mean or standard error; columns as `published`.

    A difference that rounding explains is none. The rows follow the order of `item`.
    """
    own = published.loc[published["item"] == item].drop(columns="item")
    both = own.merge(published[published["item"] != item], on=KEY[1:], suffixes=("_own", ""))
    far = _apart(both["mean_own"], both["mean"], both[["decimals_own", "decimals"]])
    far |= _apart(both["se_own"], both["se"], both[["se_decimals_own", "se_decimals"]])
    return both.loc[far, published.columns].reset_index(drop=True)


def with_errors(published: pd.DataFrame, item: str) -> pd.DataFrame:
    """The numbers of `item`; a standard error that it leaves out is taken from another item with the same mean.

    A further column, `se_source`, names the item that prints the standard error ("": none).
    """
    own = published.loc[published["item"] == item].reset_index(drop=True)
    own["se_source"] = own["item"].where(own["se"].notna(), "")
    others = published[(published["item"] != item) & published["se"].notna()]
    both = own[own["se"].isna()].reset_index().merge(others, on=KEY[1:], suffixes=("_own", ""))
    far = _apart(both["mean_own"], both["mean"], both[["decimals_own", "decimals"]])
    found = both[~far].drop_duplicates("index").set_index("index")
    for column, source in (("se", "se"), ("se_decimals", "se_decimals"), ("se_source", "item")):
        own.loc[found.index, column] = found[source]
    return own


def _apart(first: pd.Series, second: pd.Series, decimals: pd.DataFrame) -> pd.Series:
    """Whether two numbers differ by more than half a unit in the last place of the coarser one."""
    rounding = 0.5 * 10.0 ** -decimals.min(axis=1).astype(float)
    return (first - second).abs() > rounding * (1 + 1e-6)


def as_summary(published: pd.DataFrame, item: str) -> pd.DataFrame:
    """One item's numbers in the form of `scores.summarise`, to be drawn as ours are; counts are missing."""
    rows = published.loc[published["item"] == item]
    model = rows["head"] != ""
    table = pd.DataFrame(
        {
            "dataset": rows["dataset"],
            "bottleneck": "",
            "prior": rows["model"].where(model, ""),
            "decoder": rows["head"],
            "baseline": rows["model"].where(~model, ""),
            "metric": rows["metric"],
            "mean": rows["mean"],
            "se": rows["se"],
            "n": pd.array([pd.NA] * len(rows), dtype="Int64"),
            "undefined": 0,
            "cells": pd.array([pd.NA] * len(rows), dtype="Int64"),
        }
    )
    return table[SUMMARY].reset_index(drop=True)
