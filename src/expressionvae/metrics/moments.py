"""Agreement of genes' means and variances, and of arbitrarily paired cells."""

from typing import cast

import numpy as np
from numpy import ndarray
from scipy import sparse


def moments(true: sparse.csr_matrix, predicted: sparse.csr_matrix) -> dict[str, float]:
    """Moments of cells in comparison space, [cell, gene], rows paired.

    r2_mean, r2_var, pcc_per_cell, mse_per_cell; zero_fraction and zero_fraction_true, the share of zeros on
    either side, which a deterministic decoder cannot reproduce.

    r2 is sklearn's r2_score(true, predicted) of per-gene means and variances. The "per cell" pair flattens
    all (cell, gene) values of row i against row i, as the authors do: a predicted cell and its true cell
    share a condition and nothing else, so both numbers reward predicting the mean rather than cells (paper,
    Tables 7 and 8).
    """
    from sklearn.metrics import r2_score

    x, y = (sparse.csr_matrix(cells, dtype=np.float64) for cells in (true, predicted))
    (mean, var), (other_mean, other_var) = _mean_var(x), _mean_var(y)
    pcc, mse = _flattened(x, y)
    return {
        "r2_mean": float(r2_score(mean, other_mean)),
        "r2_var": float(r2_score(var, other_var)),
        "pcc_per_cell": pcc,
        "mse_per_cell": mse,
        "zero_fraction": _zeros(y),
        "zero_fraction_true": _zeros(x),
    }


def _zeros(X: sparse.csr_matrix) -> float:
    cells, genes = cast(tuple[int, int], X.shape)
    return 1 - float(X.count_nonzero()) / (cells * genes)


def _mean_var(X: sparse.csr_matrix) -> tuple[ndarray, ndarray]:
    mean = np.asarray(X.mean(axis=0)).ravel()
    squares = sparse.csr_matrix((X.data**2, X.indices, X.indptr), shape=X.shape)
    square = np.asarray(squares.mean(axis=0)).ravel()
    return mean, np.maximum(square - mean**2, 0)


def _flattened(x: sparse.csr_matrix, y: sparse.csr_matrix) -> tuple[float, float]:
    """Pearson correlation and mean squared difference over all entries, without making the matrices dense."""
    assert x.shape == y.shape
    n = int(np.prod(x.shape))  # type: ignore[arg-type]
    mx, my = x.sum() / n, y.sum() / n
    xx, yy, xy = np.sum(x.data**2) / n, np.sum(y.data**2) / n, x.multiply(y).sum() / n
    spread = np.sqrt(np.maximum((xx - mx**2) * (yy - my**2), 0))
    pcc = (xy - mx * my) / spread if spread > 0 else np.nan
    return float(pcc), float(xx + yy - 2 * xy)
