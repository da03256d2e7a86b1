"""Distances between two clouds of cells in a PCA basis (float64)."""

import os
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numpy import ndarray

BLOCK = 500  # rows of a distance matrix held at once
# Of the rough transport before the exact one: entropy's weight as a share of the mean cost, rounds, bounds of factors.
SOFTNESS, ROUNDS, RANGE = 0.02, 20, (1e-30, 1e30)

Cloud = Float[ndarray, "true component"]  # cells in a PCA basis
OtherCloud = Float[ndarray, "predicted component"]  # as many components, perhaps another number of cells
Moment = Float[ndarray, "component"]
KernelMeans = Float[ndarray, "3 sigma"]  # over pairs (true true), (predicted predicted), (true predicted)
Covariance = Float[ndarray, "component component"]


def w2(true: Cloud, predicted: OtherCloud) -> float:
    """2-Wasserstein distance: square root of the exact transport cost, squared Euclidean, uniform weights.

    Between clouds of equal size the best transport is an assignment (Birkhoff), which is found sooner. Raises
    RuntimeError when the solver for unequal sizes stops before the optimum.
    """
    value = _assigned(true, predicted) if len(true) == len(predicted) else _transported(true, predicted)
    return float(np.sqrt(max(value, 0.0)))


def _assigned(true: ndarray, predicted: ndarray) -> float:
    from scipy.optimize import linear_sum_assignment

    center = true.mean(axis=0)
    cost = _squares(true - center, predicted - center)  # good enough to choose by; what is chosen is measured below
    _reduce(cost)
    rows, columns = linear_sum_assignment(cost)
    return float(np.mean(np.sum((true[rows] - predicted[columns]) ** 2, axis=1)))


def _reduce(cost: ndarray) -> None:
    """Scale the cost in place, and take from each row and column so much that the best assignment is left near 0.

    All of it stays >= 0. What a whole row or column costs more changes no choice, but the less is left, the sooner the
    search ends. So it may be rough, and is: a few rounds of Sinkhorn's algorithm (Cuturi 2013) in float32, towards the
    prices of the transport problem, of which the exact ones would leave 0.
    """
    _least_to_zero(cost)
    unit = SOFTNESS * cost.mean()
    if unit == 0:  # every pair costs the same
        return
    cost /= unit
    kernel = np.exp(-cost.astype(np.float32))
    row, column = (np.ones(n, dtype=np.float32) for n in cost.shape)
    for _ in range(ROUNDS):
        row = np.clip(1 / (kernel @ column), *RANGE)
        column = np.clip(1 / (row @ kernel), *RANGE)
    cost -= np.log(row.astype(np.float64))[:, None]
    cost -= np.log(column.astype(np.float64))
    _least_to_zero(cost)


def _least_to_zero(cost: ndarray) -> None:
    cost -= cost.min(axis=1, keepdims=True)
    cost -= cost.min(axis=0)


def _transported(true: ndarray, predicted: ndarray) -> float:
    # POT imports every array library that it can serve; numpy is all that is wanted here.
    for library in ("PYTORCH", "JAX", "TENSORFLOW", "CUPY"):
        os.environ.setdefault(f"POT_BACKEND_DISABLE_{library}", "1")
    import ot
    from scipy.spatial.distance import cdist

    cost = cdist(true, predicted, "sqeuclidean")
    value, log = ot.emd2([], [], cost, numItermax=100_000_000, log=True, center_dual=False)
    if log["warning"] is not None:
        raise RuntimeError(f"optimal transport of {cost.shape} cells did not finish: {log['warning']}")
    return float(value)


def mmd2(means: KernelMeans) -> float:
    """Squared maximum mean discrepancy, biased; kernel = sum over sigma of exp(-d^2 / (2 sigma^2))."""
    tt, pp, tp = means.sum(axis=1)
    return float(tt + pp - 2 * tp)


def mmd2_unbiased(means: KernelMeans, *, n: int, m: int) -> float:
    """The same of `n` true and `m` predicted cells and one sigma, a cell not paired with itself; may be negative."""
    tt, pp, tp = means[:, 0]
    return float((n * tt - 1) / (n - 1) + (m * pp - 1) / (m - 1) - 2 * tp)  # a cell's kernel with itself is 1


def median_distance(true: Cloud) -> float:
    """Median Euclidean distance between two different cells."""
    from scipy.spatial.distance import pdist

    return float(np.median(pdist(true)))


def fd(true: Cloud, predicted: OtherCloud, *, ridge: float) -> float:
    """Frechet distance (not square-rooted) between the Gaussians that have the two clouds' moments.

    `ridge` is added to both covariances' diagonals.
    """
    return frechet(*_moments(true, ridge), *_moments(predicted, ridge))


def frechet(mean: Moment, covariance: Covariance, other_mean: Moment, other_covariance: Covariance) -> float:
    """|m1 - m2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2)), at least 0.

    The trace of the root is the sum of roots of the eigenvalues of S1^(1/2) S2 S1^(1/2), which is symmetric:
    a general matrix root of S1 S2 comes out complex when a covariance is singular, as it is for deterministic
    cells.
    """
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    product = np.linalg.eigvalsh(root @ other_covariance @ root)
    shift = np.sum((mean - other_mean) ** 2)
    cross = np.sum(np.sqrt(np.clip(product, 0, None)))
    return max(float(shift + np.trace(covariance) + np.trace(other_covariance) - 2 * cross), 0.0)


def distances(
    true: Cloud, predicted: OtherCloud, *, mmd_sigmas: Sequence[float | int], ridge: float
) -> dict[str, float]:
    """All four by metric name; NaN where a side has fewer than two cells.

    The kernel width of `mmd2_median` is the median distance among true cells, so that it is the same for all
    models. `ridge`: see `fd`.
    """
    n, m = len(true), len(predicted)
    if min(n, m) < 2:
        return dict.fromkeys(("w2", "mmd2", "fd", "mmd2_median"), float("nan"))
    median = median_distance(true)
    sigmas = sorted(mmd_sigmas, reverse=True) + ([median] if median > 0 else [])
    means = kernel_means(true, predicted, sigmas)  # in one pass: most of the time goes into distances
    return {
        "w2": w2(true, predicted),
        "mmd2": mmd2(means[:, : len(mmd_sigmas)]),
        "fd": fd(true, predicted, ridge=ridge),
        "mmd2_median": mmd2_unbiased(means[:, -1:], n=n, m=m) if median > 0 else float("nan"),
    }


def _moments(x: ndarray, ridge: float) -> tuple[ndarray, ndarray]:
    return x.mean(axis=0), np.atleast_2d(np.cov(x, rowvar=False)) + ridge * np.eye(x.shape[1])


def kernel_means(true: Cloud, predicted: OtherCloud, sigmas: Sequence[float | int]) -> KernelMeans:
    """Mean of each sigma's kernel over all pairs: of true cells, of predicted ones, of both; quickest with sigmas that
    halve from one to the next."""
    center = true.mean(axis=0)  # squares by matrix products lose digits far from 0
    x, y = true - center, predicted - center
    return np.array([_within(x, sigmas), _within(y, sigmas), _between(x, y, sigmas)])


def _within(x: ndarray, sigmas: Sequence[float | int]) -> ndarray:
    """Only pairs (i, j > i) are looked at; the others mirror them, and a cell's kernel with itself is 1."""
    total = np.zeros(len(sigmas))
    for start in range(0, len(x), BLOCK):
        rows = x[start : start + BLOCK]
        square = _squares(rows, rows)
        total += _kernels(square[np.triu_indices(len(rows), 1)], sigmas)
        total += _kernels(_squares(rows, x[start + BLOCK :]), sigmas)
    return (2 * total + len(x)) / len(x) ** 2


def _between(x: ndarray, y: ndarray, sigmas: Sequence[float | int]) -> ndarray:
    blocks = (_squares(x[start : start + BLOCK], y) for start in range(0, len(x), BLOCK))
    return sum((_kernels(square, sigmas) for square in blocks), np.zeros(len(sigmas))) / (len(x) * len(y))


def _squares(x: ndarray, y: ndarray) -> ndarray:
    """Squared Euclidean distances by one matrix product."""
    square = x @ (-2 * y.T)
    square += np.sum(x**2, axis=1)[:, None]
    square += np.sum(y**2, axis=1)
    return np.maximum(square, 0, out=square)


def _kernels(square: ndarray, sigmas: Sequence[float | int]) -> ndarray:
    """Sum of exp(-d^2 / (2 sigma^2)) for each sigma, quickest when they halve from one to the next.

    A kernel of half the width is the fourth power of the wider one: two products in place of an exponential.
    """
    sums, kernel, before = [], square, np.inf
    for sigma in sigmas:
        if before == 2 * sigma:
            np.multiply(kernel, kernel, out=kernel)
            np.multiply(kernel, kernel, out=kernel)
        else:
            kernel = np.exp(square * (-0.5 / sigma**2))
        sums.append(kernel.sum())
        before = sigma
    return np.array(sums)
