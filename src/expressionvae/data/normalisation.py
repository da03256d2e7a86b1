"""Cells are brought to the median library size of the file that they come from, as the authors' data loader does.

Log values are log1p of counts over a size factor, the cell's library over that median (scanpy's `normalize_total`
without a target, one file at a time). A file is a cell line of Replogle's screen, the chosen donor of Parse's, a
reversion screen, or an own screen as a whole.
"""

import numpy as np

from expressionvae.arrays import Library
from expressionvae.data.h5ad import Source


def median_library(library: Library) -> float:
    """The library size to which the cells of one file are brought: the median of those that have a count."""
    return float(np.median(library[library > 0])) if (library > 0).any() else 1.0


def size_factors(source: Source) -> Library:
    """Library size of each cell over the median of its file, float32, by obs `library_size` and `median_library`."""
    library, median = (source.numbers("obs", name) for name in ("library_size", "median_library"))
    return (np.maximum(library, 1) / median).astype(np.float32)
