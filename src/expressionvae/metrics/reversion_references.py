"""What needs no training stands beside the frozen encoders: log values themselves, and their principal components."""

from collections.abc import Iterable
from typing import cast

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import sparse
from sklearn.decomposition import PCA

from expressionvae.arrays import Library
from expressionvae.data.reversion import Block


def log_normalised(counts: sparse.csr_matrix, full_library: Library, *, median_library: float) -> sparse.csr_matrix:
    """log1p of counts rescaled so that every cell's full library is that of the median training cell, float32."""
    scale = median_library / np.maximum(full_library.astype(np.float64), 1)
    return sparse.csr_matrix((sparse.diags_array(scale) @ counts).log1p(), dtype=np.float32)


def references(
    training: sparse.csr_matrix, training_library: Library, blocks: Iterable[Block], *, components: int
) -> dict[str, sparse.csr_matrix | Float[ndarray, "embedded component"]]:
    """Embeddings of the blocks' cells by name: `hvg`, the panel's log values; `pca`, their principal components.

    The components are those of the *training* cells, as the encoders are: a frozen linear encoder. Both see the
    library as the encoders do, rescaled to the median of training. `depth` knows one thing of a cell, how many of
    its rescaled counts lie on the panel, as the direction (1, log1p of them): where it finds the positives, their
    rank tells nothing of what an encoder learned.
    """
    median = float(np.median(training_library))
    fitted = _fit(log_normalised(training, training_library, median_library=median), components)
    raw, projected, depth = [], [], []
    for block in blocks:
        values = log_normalised(block.counts, block.full_library, median_library=median)
        raw.append(values)
        projected.append(fitted.transform(values))
        depth.append(np.log1p(np.asarray(values.expm1().sum(axis=1), dtype=np.float64)).ravel())
    total = np.concatenate(depth)
    one_number = np.stack([np.ones(len(total)), total], axis=1)
    return {"pca": np.concatenate(projected), "hvg": sparse.csr_matrix(sparse.vstack(raw)), "depth": one_number}


def _fit(values: sparse.csr_matrix, components: int) -> PCA:
    # "covariance_eigh" never makes the cells dense, and has no seed.
    return PCA(n_components=min(components, *cast(tuple[int, int], values.shape)), svd_solver="covariance_eigh").fit(
        values
    )
