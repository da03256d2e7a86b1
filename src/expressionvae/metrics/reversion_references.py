"""What needs no training stands beside the frozen encoders: log values themselves, and their principal components."""

from collections.abc import Iterable
from typing import cast

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import sparse
from sklearn.decomposition import PCA

from expressionvae.arrays import Library
from expressionvae.data.compact import Compact
from expressionvae.data.reversion_screen import Block


def log_normalised(counts: sparse.csr_matrix, size_factor: Library) -> sparse.csr_matrix:
    """log1p of counts over size factors: every cell's library is then the median of its file's, float32."""
    scale = 1 / size_factor.astype(np.float64)
    return sparse.csr_matrix((sparse.diags_array(scale) @ counts).log1p(), dtype=np.float32)


def references(
    training: Compact, size_factor: Library, blocks: Iterable[Block], *, components: int
) -> dict[str, sparse.csr_matrix | Float[ndarray, "embedded component"]]:
    """Embeddings of the blocks' cells by name: `hvg`, the panel's log values; `pca`, their principal components.

    The components are those of the *training* cells, as the encoders are: a frozen linear encoder. Both see the
    library as the encoders do, rescaled to the median of each file's own cells. `depth` knows one thing of a cell, how
    many of its rescaled counts lie on the panel, as the direction (1, log1p of them): where it finds the positives,
    their rank tells nothing of what an encoder learned.
    """
    parts = training.data.astype(np.int32), training.indices.astype(np.int32), training.ends
    counts = sparse.csr_matrix(parts, shape=(len(training), training.genes))
    fitted = _fit(log_normalised(counts, size_factor), components)
    raw, projected, depth = [], [], []
    for block in blocks:
        values = log_normalised(block.counts, block.size_factor)
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
