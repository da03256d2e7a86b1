"""The two score files of a run: which cells are compared in which variant, and the rows that come of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy import ndarray
from scipy import sparse

from expressionvae.files import written
from expressionvae.metrics.distribution import DISTANCES, distances
from expressionvae.metrics.effects import METRICS
from expressionvae.metrics.moments import MOMENTS, moments
from expressionvae.metrics.space import Cells

DISTRIBUTION_COLUMNS = ["metric", "variant", "value", "n_true", "n_pred"]
EFFECT_COLUMNS = ["metric", "variant", "value", "n_valid", "n_total"]
VARIANTS = ("paper", "half", "unbiased")
FLOOR_VARIANTS = ("half", "unbiased")  # of true cells against true cells
# (metric, variant) of every row of distribution.csv and effects.csv: of a prediction, and of true cells.
DISTRIBUTION = [(metric, variant) for variant in VARIANTS for metric in DISTANCES]
DISTRIBUTION += [(metric, "paper") for metric in MOMENTS]
FLOOR = [(metric, variant) for variant in FLOOR_VARIANTS for metric in DISTANCES]
EFFECTS = [(metric, variant) for variant in ("paper", "real-controls") for metric in METRICS]
CEILING = [(metric, "ceiling") for metric in METRICS]
# The authors call PCA(random_state=seed), which picks the randomised solver at this size; the exact one gives
# a Frechet distance some 13% larger.
SOLVER = {"paper": "auto", "half": "auto", "unbiased": "full"}


def distribution_scores(
    true: Cells,
    predicted: Cells,
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
    rows = []
    for variant in variants:
        fit, mine, theirs = parts(variant, n, max_cells=max_cells, seed=seed)
        basis = x[fit], x[mine], y[theirs]
        a, b = project(*basis, components=components, solver=SOLVER[variant], seed=seed)
        values = distances(a, b, mmd_sigmas=mmd_sigmas)
        rows += _rows(values, variant=variant, n_true=len(mine), n_pred=len(theirs))
    if "paper" in variants:
        rows += _rows(moments(x, y), variant="paper", n_true=n, n_pred=n)
    return rows


def parts(variant: str, n: int, *, max_cells: int, seed: int) -> tuple[ndarray, ndarray, ndarray]:
    """Rows of the true cells that PCA is fitted on, of the true and of the predicted cells compared.

    Each set holds at most `max_cells`.

    paper: drawn apart from either side; PCA on the compared true cells (so distances come out larger).
    half: PCA on true half A, A compared; the prediction answers half B row for row, whose floor is true B.
    unbiased: PCA on one third of the true cells, the second compared; the prediction answers the last third.
    """
    rng = np.random.default_rng(seed)
    if variant == "paper":
        mine, theirs = (np.sort(rng.choice(n, min(n, max_cells), replace=False)) for _ in range(2))
        return mine, mine, theirs
    order, pieces = rng.permutation(n), {"half": 2, "unbiased": 3}[variant]
    piece = n // pieces
    split = [np.sort(order[k * piece : k * piece + min(piece, max_cells)]) for k in range(pieces)]
    return split[0], split[-2], split[-1]


def project(
    fit: sparse.csr_matrix, *clouds: sparse.csr_matrix, components: int, solver: str, seed: int
) -> list[ndarray]:
    """Each cloud in the PCA basis of `fit`, float64 [cell, component]; at most as many as cells or genes."""
    from sklearn.decomposition import PCA

    dense = fit.toarray().astype(np.float64)
    if len(dense) < 2:
        return [cloud.toarray().astype(np.float64) for cloud in clouds]
    pca = PCA(n_components=min(components, *dense.shape), svd_solver=solver, random_state=seed).fit(dense)
    return [pca.transform(cloud.toarray().astype(np.float64)) for cloud in clouds]


def _rows(values: Mapping[str, float], **others) -> list[dict]:
    return [{"metric": metric, "value": value, **others} for metric, value in values.items()]


def effect_scores(true: Cells, predicted: Cells, *, de_true, fdr: float, threads: int) -> list[dict]:
    """Scores of the perturbation effects as rows of `EFFECT_COLUMNS`, in two variants.

    paper: the predicted side against its own, generated controls (as the authors do).
    real-controls: against the true ones; generated controls of a deterministic decoder make nearly every gene
    significant.
    """
    from expressionvae.metrics.de import differential_expression
    from expressionvae.metrics.effects import average, per_perturbation

    rows = []
    for variant, cells in (("paper", predicted), ("real-controls", predicted.with_controls_of(true))):
        de = differential_expression(cells, threads=threads)
        table = per_perturbation(true, cells, de_true=de_true, de_predicted=de, fdr=fdr, threads=threads)
        rows += average(table, variant=variant)
    return rows


def write_scores(rows: Sequence[Mapping], path: str | Path, *, columns: Sequence[str]) -> None:
    """One row a score, CSV."""
    import pandas as pd

    with written(path) as temporary:
        pd.DataFrame(list(rows))[list(columns)].to_csv(temporary, index=False)
