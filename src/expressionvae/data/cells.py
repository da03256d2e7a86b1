"""The training cells of a screen, as the model reads them."""

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from expressionvae.arrays import Counts, Library


@dataclass(frozen=True)
class Cells:
    """The training cells of a screen, sparse in memory.

    Attributes:
        counts: CSR [cell gene] of raw counts.
        full_library: library size on the full gene panel of the source [cell].
        perturbation, cell_type: label of each cell.
        genes: gene symbols.
        control: label of the control.
    """

    counts: sparse.csr_matrix
    full_library: np.ndarray
    perturbation: list[str]
    cell_type: list[str]
    genes: list[str]
    control: str

    def __len__(self) -> int:
        return len(self.perturbation)

    def batch(self, cells: np.ndarray) -> tuple[Counts, Library]:
        """Dense float32 counts and full-panel libraries of the cells of given indices."""
        return self.counts[cells].toarray().astype(np.float32), self.full_library[cells]

    def panel_library(self) -> Library:
        """Sum of each cell's counts over the genes of the model."""
        return np.asarray(self.counts.sum(1), dtype=np.float32).ravel()

    def checksum(self) -> int:
        """A checksum of the counts, for fingerprints."""
        return zlib.crc32(self.counts.indices.tobytes(), zlib.crc32(self.counts.data.tobytes()))


def read(path: str | Path) -> Cells:
    """Read `train.h5ad` as written by the rule `prepare`."""
    import anndata

    screen = anndata.read_h5ad(path)
    return Cells(
        sparse.csr_matrix(screen.X),
        screen.obs["library_size"].to_numpy(np.float32),
        screen.obs["perturbation"].astype(str).tolist(),
        screen.obs["cell_type"].astype(str).tolist(),
        screen.var_names.tolist(),
        str(screen.uns["screen"]["control"]),
    )
