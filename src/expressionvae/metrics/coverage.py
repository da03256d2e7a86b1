"""Whether the bounded bins hold the counts that matter: the mean counts of the genes that respond most."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from expressionvae.data import screen
from expressionvae.data.bins import Bins
from expressionvae.metrics.de import CELL_TYPE


def coverage(truth: AnnData, de: pd.DataFrame, bins: Bins, *, top: int, fdr: float) -> dict[str, Any]:
    """Return the share of top-DEG per-perturbation mean counts that lie below the last, unbounded bin.

    For each target of `de` among the perturbations of `truth`, the `top` genes by |log2 fold change| with FDR
    below `fdr`; of each, its mean raw count over the cells of that perturbation. The paper reports 100%
    (Parse) and 99.69% (Replogle). `offenders` lists the means outside; `share` is None where no gene is
    significant.
    """
    control = truth.uns["screen"]["control"]
    means = []
    for here, part in _by_cell_type(truth, de):
        for target, genes in _top(part, top=top, fdr=fdr).groupby("target", sort=True, observed=True):
            rows = here & (truth.obs["perturbation"] == target).to_numpy()
            if target == control or not rows.any():
                continue
            averages = np.asarray(screen.counts(truth[rows, list(genes["feature"])]).mean(axis=0)).ravel()
            means += [(target, gene, float(mean)) for gene, mean in zip(genes["feature"], averages, strict=True)]
    outside = [row for row in means if row[2] >= bins.lower[-1]]
    return {
        "share": 1 - len(outside) / len(means) if means else None,
        "n": len(means),
        "last_lower_edge": bins.lower[-1],
        "offenders": [{"target": str(t), "feature": str(g), "mean": m} for t, g, m in outside],
    }


def _by_cell_type(truth: AnnData, de: pd.DataFrame) -> Iterator[tuple[np.ndarray, pd.DataFrame]]:
    """Which cells each part of a table of differential expression is about, and the part."""
    if CELL_TYPE not in de:
        yield np.ones(truth.n_obs, bool), de
        return
    for name, part in de.groupby(CELL_TYPE, sort=True, observed=True):
        yield (truth.obs["cell_type"] == name).to_numpy(), part


def _top(de: pd.DataFrame, *, top: int, fdr: float) -> pd.DataFrame:
    frame = de.loc[de["fdr"] < fdr, ["target", "feature", "log2_fold_change"]].copy()
    frame["strength"] = frame["log2_fold_change"].abs()
    ranked = frame.sort_values(["strength", "feature"], ascending=[False, True], kind="stable")
    return ranked.groupby("target", observed=True).head(top)
