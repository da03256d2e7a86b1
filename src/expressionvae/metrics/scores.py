"""The two score files of a run: which cells are compared in which variant, and the rows that come of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray
from scipy import sparse

from expressionvae.catalogue import metrics
from expressionvae.data import batches
from expressionvae.evaluation.comparison import Compared
from expressionvae.files import written
from expressionvae.metrics.contexts import within_cell_types
from expressionvae.metrics.de import Expression, expression
from expressionvae.metrics.effects import average, per_perturbation
from expressionvae.metrics.identity import IDENTITIES
from expressionvae.metrics.measures import measured

if TYPE_CHECKING:
    import polars as pl

DISTRIBUTION_COLUMNS = ["metric", "variant", "value", "n_true", "n_pred"]
EFFECT_COLUMNS = ["metric", "variant", "value", "n_valid", "n_total"]
VARIANTS = ("paper", "half", "unbiased")
# The authors' PCA takes scikit-learn's randomised solver at this size, whose Frechet distance is some 13% smaller than
# the exact one's, and their Frechet distance adds a ridge to covariances, which counts where cells do not vary.
SOLVER = {"paper": "auto", "half": "auto", "unbiased": "exact"}
RIDGE = {"paper": 1e-6, "half": 1e-6, "unbiased": 0.0}
EPSILONS = (0.0, 0.5)  # the authors': of Replogle, of Parse
_CLOUDS, _CELLS, _FOLD_CHANGES = (metrics.on(subject) for subject in ("clouds", "cells", "fold changes"))
_EFFECTS = metrics.on("effects", "fold changes")
# (metric, variant) of every row of effects.csv, in its order.
EFFECTS = [(metric, variant) for variant in ("paper", "real-controls") for metric in _EFFECTS]
EFFECTS += [(metric, f"epsilon-{epsilon:g}") for epsilon in EPSILONS for metric in _FOLD_CHANGES]
FLOOR_VARIANTS = ("half", "unbiased")  # of true cells against true cells
# (metric, variant) of every row of distribution.csv, of a prediction and of true cells, and of their effects.csv.
DISTRIBUTION = [(metric, variant) for variant in VARIANTS for metric in _CLOUDS]
DISTRIBUTION += [(metric, "paper") for metric in _CELLS]
DISTRIBUTION += IDENTITIES
FLOOR = [(metric, variant) for variant in FLOOR_VARIANTS for metric in _CLOUDS]
FLOOR += IDENTITIES
CEILING = [(metric, "ceiling") for metric in _EFFECTS]


@within_cell_types
def distribution_scores(
    true: Compared,
    predicted: Compared,
    *,
    components: int,
    max_cells: int,
    mmd_sigmas: Sequence[float | int],
    seed: int,
    variants: Sequence[str],
) -> list[dict]:
    """Distances and moments of all perturbed cells pooled, as rows of `DISTRIBUTION_COLUMNS`.

    Row i of `predicted` answers row i of `true`. With `predicted` = `true` the variants `half` and `unbiased`
    compare disjoint sets of true cells: the floor of the same measure.
    """
    x, y = true.perturbed, predicted.perturbed
    n = int(np.count_nonzero(~true.is_control))
    strata = [None if side.batches is None else side.batches[~side.is_control] for side in (true, predicted)]
    rows = []
    for variant in variants:
        (fit, mine, _), (_, _, theirs) = (parts(variant, n, max_cells=max_cells, seed=seed, strata=s) for s in strata)
        others = [y[theirs]] if fit is mine else [x[mine], y[theirs]]
        a, b = project(x[fit], *others, components=components, solver=SOLVER[variant], seed=seed)[-2:]
        values = measured("clouds", a, b, mmd_sigmas=mmd_sigmas, ridge=RIDGE[variant])
        rows += _rows(values, variant=variant, n_true=len(mine), n_pred=len(theirs))
    if "paper" in variants:
        rows += _rows(measured("cells", x, y), variant="paper", n_true=n, n_pred=n)
    return rows


def parts(
    variant: str, n: int, *, max_cells: int, seed: int, strata: ndarray | None = None
) -> tuple[ndarray, ndarray, ndarray]:
    """Rows of the true cells that PCA is fitted on, of the true and of the predicted cells compared.

    Each set holds at most `max_cells`. Where PCA is fitted on the compared cells, the first two are one array.

    paper: drawn apart from either side; PCA on the compared true cells (so distances come out larger). The rows,
        and their order, are those of the authors' code for the same seed.
    half: PCA on true half A, A compared; the prediction answers half B row for row, whose floor is true B.
    unbiased: PCA on one third of the true cells, the second compared; the prediction answers the last third.

    strata: the batch of each cell; halves and thirds then have the same of them, but for odd cells. A prediction's own
        (`Compared.batches`) give as many rows of each batch in the last set as the true cells' do.
    """
    if variant == "paper":
        theirs, mine = (
            np.random.default_rng(s).choice(n, max_cells, replace=False) if n > max_cells else np.arange(n)
            for s in (seed, seed + 1)
        )
        return mine, mine, theirs
    rng = np.random.default_rng(seed)
    order, pieces = rng.permutation(n), {"half": 2, "unbiased": 3}[variant]
    piece = n // pieces
    if strata is not None:
        cut = [rng.permutation(part[:piece])[:max_cells] for part in batches.dealt(order, strata, pieces)]
    else:
        cut = [order[k * piece : k * piece + min(piece, max_cells)] for k in range(pieces)]
    split = [np.sort(rows) for rows in cut]
    return split[0], split[-2], split[-1]


def project(
    fit: sparse.csr_matrix, *others: sparse.csr_matrix, components: int, solver: str, seed: int
) -> list[ndarray]:
    """`fit` and each of `others` in the PCA basis of `fit`, float64 [cell, component].

    At most one component less than cells of `fit`, and as many as genes. The cells of `fit` are placed by
    `fit_transform`, as the authors do, which is not `transform` where the solver is a randomised one.

    solver: "auto", scikit-learn's choice by size (randomised for many cells and genes); "exact", the same for any
        size, from sparse cells where that is possible.
    """
    from sklearn.decomposition import PCA

    cells, genes = fit.shape  # type: ignore[misc]
    clouds = [cloud.astype(np.float64) for cloud in (fit, *others)]
    if cells < 2:
        return [cloud.toarray() for cloud in clouds]
    kept = min(components, cells - 1, genes)
    if solver == "exact":
        solver = "arpack" if kept < min(cells, genes) else "full"
    if solver != "arpack":
        clouds = [cloud.toarray() for cloud in clouds]
    pca = PCA(n_components=kept, svd_solver=solver, random_state=seed)
    return [pca.fit_transform(clouds[0]), *(pca.transform(cloud) for cloud in clouds[1:])]


def _rows(values: Mapping[str, float], **others) -> list[dict]:
    return [{"metric": metric, "value": value, **others} for metric, value in values.items()]


@within_cell_types
def effect_scores(
    true: Compared,
    predicted: Compared,
    *,
    de_true: "pl.DataFrame",
    fdr: float,
    fold_change_epsilon: float,
    threads: int,
) -> list[dict]:
    """Scores of the perturbation effects as rows of `EFFECT_COLUMNS`: those that `EFFECTS` lists, in its order.

    paper: the predicted side against its own, generated controls, with the dataset's epsilon in fold changes (as
        the authors do).
    real-controls: against the true ones; generated controls of a deterministic decoder make nearly every gene
        significant.
    epsilon-0, epsilon-0.5: as `paper`, with that epsilon, whatever the dataset's is; metrics on fold changes alone.

    de_true: `differential_expression` of `true`; by cell type (`de.by_cell_type`) where there are several.
    """
    known = Expression.of(de_true, true)
    sides = [predicted, predicted.with_controls_of(true)]
    found = expression(predicted, [side.control_cells for side in sides], threads=threads)
    rows = []
    for variant, side, shown in zip(("paper", "real-controls"), sides, found, strict=True):
        scores = per_perturbation(true, side, de_true=known, de_predicted=shown, fdr=fdr, epsilon=fold_change_epsilon)
        rows += average(scores, variant=variant)
    for epsilon in EPSILONS:
        scores = measured("fold changes", known, found[0], fdr=fdr, epsilon=epsilon)
        rows += average(scores, variant=f"epsilon-{epsilon:g}")
    assert [(row["metric"], row["variant"]) for row in rows] == EFFECTS
    return rows


def write_scores(rows: Sequence[Mapping], path: str | Path, *, columns: Sequence[str]) -> None:
    """One row a score, CSV."""
    import pandas as pd

    with written(path) as temporary:
        pd.DataFrame(list(rows))[list(columns)].to_csv(temporary, index=False)
