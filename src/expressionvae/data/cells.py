"""The training cells of a screen, as the model reads them."""

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from expressionvae.arrays import Counts, Library
from expressionvae.data.compact import MOST_BYTES, STEP, Compact
from expressionvae.files import reading, require


@dataclass(frozen=True)
class Cells:
    """The training cells of a screen, sparse.

    Attributes:
        counts: raw counts [cell gene].
        size_factor: library size on the full gene panel of the source, over the median of the cell's file [cell].
        perturbation, cell_type: label of each cell.
        genes: gene symbols.
        control: label of the control.
        heldout_cell_type: the cell type of which combinations are held out; "" where none are.
    """

    counts: Compact
    size_factor: np.ndarray
    perturbation: list[str]
    cell_type: list[str]
    genes: list[str]
    control: str
    heldout_cell_type: str = ""

    def __len__(self) -> int:
        return len(self.perturbation)

    def batch(self, cells: np.ndarray) -> tuple[Counts, Library]:
        """Dense float32 counts and size factors of the cells of given indices."""
        return self.counts.dense(cells, np.float32), self.size_factor[cells]

    def panel_library(self) -> Library:
        """Sum of each cell's counts over the genes of the model."""
        return self.counts.sums()

    def checksum(self) -> int:
        """A checksum of counts and size factors, for fingerprints."""
        return zlib.crc32(self.size_factor.tobytes(), self.counts.checksum())


def read(path: str | Path, most_bytes: int = MOST_BYTES) -> Cells:
    """Read `train.h5ad` as written by the rule `prepare`, a block of cells at a time.

    Args:
        most_bytes: larger counts are memory-mapped, from a nameless file in TMPDIR, or where that is not set beside
            `path`.

    Raises:
        UserError: if the file is damaged, or a disk has no room.
    """
    from expressionvae.data.h5ad import Source  # needs more packages than a GPU machine may have
    from expressionvae.data.normalisation import size_factors

    path = Path(path)
    with reading(path, "the cells of a screen"), Source(path) as source:
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
            str(about["heldout_cell_type"]),
        )
