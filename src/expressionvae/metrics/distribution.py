"""Distances between two clouds of cells in a PCA basis (float64)."""

import os
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float
from numpy import ndarray

BLOCK = 1000  # rows of a distance matrix held at once
DISTANCES = ("w2", "mmd2", "fd", "mmd2_median")

Cloud = Float[ndarray, "true component"]  # cells in a PCA basis
OtherCloud = Float[ndarray, "predicted component"]  # as many components, perhaps another number of cells
Moment = Float[ndarray, "component"]
Covariance = Float[ndarray, "component component"]


def w2(true: Cloud, predicted: OtherCloud) -> float:
    """2-Wasserstein distance: square root of the exact transport cost, squared Euclidean, uniform weights.

    Raises RuntimeError when the solver stops before the optimum.
    """
    # POT imports every array library that it can serve; numpy is all that is wanted here.
    for library in ("PYTORCH", "JAX", "TENSORFLOW", "CUPY"):
        os.environ.setdefault(f"POT_BACKEND_DISABLE_{library}", "1")
    import ot

    cost = _squared_distances(true, predicted)
    value, log = ot.emd2([], [], cost, numItermax=100_000_000, log=True, center_dual=False)
    if log["warning"] is not None:
        raise RuntimeError(f"optimal transport of {cost.shape} cells did not finish: {log['warning']}")
    return float(np.sqrt(max(float(value), 0.0)))


def mmd2(true: Cloud, predicted: OtherCloud, *, sigmas: Sequence[float | int]) -> float:
    """Squared maximum mean discrepancy, biased; kernel = sum over sigma of exp(-d^2 / (2 sigma^2))."""
    tt, pp, tp = (_kernel_mean(x, y, sigmas) for x, y in _pairs(true, predicted))
    return tt + pp - 2 * tp


def mmd2_unbiased(true: Cloud, predicted: OtherCloud, *, sigma: float | int) -> float:
    """Squared maximum mean discrepancy, one kernel, a cell not paired with itself; may be negative."""
    n, m = len(true), len(predicted)
    tt, pp, tp = (_kernel_mean(x, y, [sigma]) for x, y in _pairs(true, predicted))
    return (n * tt - 1) / (n - 1) + (m * pp - 1) / (m - 1) - 2 * tp  # the kernel of a cell with itself is 1


def median_distance(true: Cloud) -> float:
    """Median Euclidean distance between two different cells."""
    from scipy.spatial.distance import pdist

    return float(np.median(pdist(true)))


def fd(true: Cloud, predicted: OtherCloud) -> float:
    """Frechet distance (not square-rooted) between the Gaussians that have the two clouds' moments."""
    return frechet(*_moments(true), *_moments(predicted))


def frechet(mean: Moment, covariance: Covariance, other_mean: Moment, other_covariance: Covariance) -> float:
    """|m1 - m2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2)).

    The trace of the root is the sum of roots of the eigenvalues of S1^(1/2) S2 S1^(1/2), which is symmetric:
    a general matrix root of S1 S2 comes out complex when a covariance is singular, as it is for deterministic
    cells.
    """
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    product = np.linalg.eigvalsh(root @ other_covariance @ root)
    shift = np.sum((mean - other_mean) ** 2)
    cross = np.sum(np.sqrt(np.clip(product, 0, None)))
    return float(shift + np.trace(covariance) + np.trace(other_covariance) - 2 * cross)


def distances(true: Cloud, predicted: OtherCloud, *, mmd_sigmas: Sequence[float | int]) -> dict[str, float]:
    """All four by metric name; NaN where a side has fewer than two cells.

    The kernel width of `mmd2_median` is the median distance among true cells, so that it is the same for all
    models.
    """
    if min(len(true), len(predicted)) < 2:
        return dict.fromkeys(DISTANCES, float("nan"))
    median = median_distance(true)
    return {
        "w2": w2(true, predicted),
        "mmd2": mmd2(true, predicted, sigmas=mmd_sigmas),
        "fd": fd(true, predicted),
        "mmd2_median": mmd2_unbiased(true, predicted, sigma=median) if median > 0 else float("nan"),
    }


def _pairs(x: ndarray, y: ndarray) -> tuple[tuple[ndarray, ndarray], ...]:
    return (x, x), (y, y), (x, y)


def _moments(x: ndarray) -> tuple[ndarray, ndarray]:
    return x.mean(axis=0), np.atleast_2d(np.cov(x, rowvar=False))


def _squared_distances(x: ndarray, y: ndarray) -> ndarray:
    from scipy.spatial.distance import cdist

    return cdist(x, y, "sqeuclidean")


def _blocks(x: ndarray, y: ndarray) -> Iterator[ndarray]:
    for start in range(0, len(x), BLOCK):
        yield _squared_distances(x[start : start + BLOCK], y)


def _kernel_mean(x: ndarray, y: ndarray, sigmas: Sequence[float | int]) -> float:
    """Mean over all pairs of the summed kernels."""
    total = sum(float(np.exp(d2 / (-2.0 * s**2)).sum()) for d2 in _blocks(x, y) for s in sigmas)
    return total / (len(x) * len(y))
