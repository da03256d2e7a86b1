"""The space in which cells are compared: log1p of the linear scale, every cell rescaled to the same total."""

import numpy as np
from numpy import ndarray
from scipy import sparse

from expressionvae.files import UserError


def comparison_space(X: sparse.spmatrix | sparse.sparray | ndarray, *, rescale_to: float | int) -> sparse.csr_matrix:
    """Clamp linear-scale cells at 0, rescale each to `rescale_to` over the panel, take log1p.

    X is [cell, gene], counts or expm1 of log values. Returns float32 CSR [cell, gene] with sorted indices and
    no explicit zeros; a cell of zeros stays zero. True and predicted cells take this same way. Raises UserError for
    a value that is NaN or infinite: it would be lost in some scores and make nonsense of the ranks of others.
    Source: the authors' public evaluation.
    """
    linear = sparse.csr_matrix(X, dtype=np.float64, copy=True)
    if wrong := np.count_nonzero(~np.isfinite(linear.data)):
        raise UserError(f"cells to be compared hold {wrong} NaN or infinite values, expected none")
    linear.sum_duplicates()
    np.maximum(linear.data, 0.0, out=linear.data)
    total = np.asarray(linear.sum(axis=1)).ravel()
    scale = np.divide(rescale_to, total, out=np.zeros_like(total), where=total > 0)
    linear.data *= np.repeat(scale, np.diff(linear.indptr))
    log = sparse.csr_matrix(
        (np.log1p(linear.data).astype(np.float32), linear.indices, linear.indptr), shape=linear.shape
    )
    log.eliminate_zeros()
    return log
