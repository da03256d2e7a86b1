"""The training cells of a screen, as the model reads them."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from expressionvae.arrays import Counts, Library
from expressionvae.data.compact import Compact


@dataclass(frozen=True)
class Cells:
    """The training cells of a screen, sparse.

    Attributes:
        counts: raw counts [cell gene].
        size_factor: library size on the full gene panel of the source, over the median of the cell's file [cell].
        perturbation, cell_type: label of each cell.
        genes: gene symbols.
        control: label of the control.
        heldout_cell_types: those of which combinations are held out.
    """

    counts: Compact
    size_factor: np.ndarray
    perturbation: list[str]
    cell_type: list[str]
    genes: list[str]
    control: str
    heldout_cell_types: Sequence[str] = ()

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
