"""The one reader of a screen as the rule `prepare` writes it: `train.h5ad`, `heldout.h5ad`, and `truth.h5ad`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix

from expressionvae.data.cells import Cells
from expressionvae.data.compact import MOST_BYTES, STEP, Compact
from expressionvae.data.h5ad import Source
from expressionvae.data.normalisation import size_factors
from expressionvae.files import reading, require

if TYPE_CHECKING:  # each takes a while to load, and models read cells without them
    import pandas as pd
    from anndata import AnnData

LABELS = ("cell_type", "perturbation")  # columns of obs


@contextmanager
def opened(path: str | Path, what: str = "the cells of a screen") -> Iterator[Source]:
    """The file, to be read in pieces. Raises UserError for whatever turns out to be wrong with it meanwhile."""
    with reading(path, what), Source(path) as source:
        yield source


def read(path: str | Path, most_bytes: int = MOST_BYTES) -> Cells:
    """Read cells as the model wants them, a block at a time.

    Args:
        most_bytes: larger counts are memory-mapped, from a nameless file in TMPDIR, or where that is not set beside
            `path`.

    Raises:
        UserError: if the file is damaged, or a disk has no room.
    """
    path = Path(path)
    with opened(path) as source:
        matrix, about = source.matrix(), source.about("screen")
        require(matrix.sparse and not matrix.sparse.by_column, "X is not stored by rows")
        data = matrix.values
        largest = max((int(data[first : first + STEP].max()) for first in range(0, len(data), STEP)), default=0)
        room = Compact.empty(len(data), largest, source.n_genes, path.parent, most_bytes)
        library, factors = source.numbers("obs", "library_size"), size_factors(source)
        require(np.isfinite(library).all() and (library >= 0).all(), "a library_size is none")
        require(np.isfinite(factors).all() and (factors > 0).all(), "a median_library is none")
        return Cells(
            room.filled(csr_matrix(block) for _, block in matrix.blocks()),
            factors,
            list(map(str, source.labels("obs", "perturbation"))),
            list(map(str, source.labels("obs", "cell_type"))),
            list(map(str, source.names("var"))),
            str(about["control"]),
            list(map(str, about["heldout_cell_types"])),
        )


def whole(path: str | Path, what: str) -> "AnnData":
    """Read cells whole, with their labels and what uns["screen"] says. Raises UserError if the file is not that."""
    from expressionvae.data import sealed

    return sealed.read(path, what, obs=LABELS, about=("control", "heldout_cell_types"))


def labels(path: str | Path) -> "tuple[pd.DataFrame, dict[str, Any]]":
    """Cell type and perturbation of each cell, as text, and what uns["screen"] says; counts are not read.

    Raises UserError if the file has not all of that.
    """
    import pandas as pd

    with opened(path) as source:
        cells = {name: source.labels("obs", name) for name in LABELS}
        about = dict(source.about("screen"))
        for key in ("control", "embedding", "heldout_cell_types"):
            require(key in about, f"uns['screen'] has no {key!r}")
        return pd.DataFrame(cells).astype(str), about


def genes(path: str | Path) -> list[str]:
    """The genes of the training cells, in their order. Raises UserError if the file has none."""
    with opened(path, "the training cells") as source:
        return source.names("var").tolist()
