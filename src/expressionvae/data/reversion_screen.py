"""A reversion screen on an encoder's genes: knock-downs with and without a stimulus, as `reversion_slice` writes it.

The screen is never trained on. Some targets (`positives`) are known to undo the stimulus when they are lost.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool
from numpy import ndarray
from scipy.sparse import csr_matrix

from expressionvae.arrays import Library
from expressionvae.data.h5ad import Source
from expressionvae.data.normalisation import size_factors
from expressionvae.files import AGAIN, UserError, reading


@dataclass(frozen=True)
class ReversionScreen:
    """The labels of a reversion screen's cells; the counts stay in the file until `blocks` reads them.

    Attributes:
        path: the file.
        target: label of each cell [cell].
        treated: whether it saw the stimulus [cell].
        control: label of the cells whose target is none.
        positives: the targets that should undo the stimulus, of those that have cells enough.
        min_cells: fewest cells of a target in a condition; smaller ones are in no score.
    """

    path: Path
    target: ndarray
    treated: Bool[ndarray, "cell"]
    control: str
    positives: list[str]
    min_cells: int

    def __len__(self) -> int:
        return len(self.target)

    def scored(self, treated: bool) -> Bool[ndarray, "cell"]:
        """Which cells of a condition have a target (not the control) with `min_cells` of them."""
        here = (self.treated == treated) & (self.target != self.control)
        labels, sizes = np.unique(self.target[here], return_counts=True)
        return here & np.isin(self.target, labels[sizes >= self.min_cells])

    @property
    def resting(self) -> Bool[ndarray, "cell"]:
        """Which cells are untreated controls: the state that a reverting target brings cells back to."""
        return ~self.treated & (self.target == self.control)


@dataclass(frozen=True)
class Block:
    """Some cells: CSR float32 counts on the encoder's genes [cell gene], and size factors.

    size_factor: library size over the screen's own genes, over the median of the screen's cells.
    """

    counts: csr_matrix
    size_factor: Library


def read(path: str | Path) -> ReversionScreen:
    """Read the labels of a screen that `reversion_slice.slice_screen` wrote. Raises: UserError when it did not."""
    with reading(path, "a reversion screen on an encoder's genes"), Source(path) as source:
        about = source.about("reversion")
        target, condition = (source.labels("obs", name) for name in ("target", "condition"))
        return ReversionScreen(
            Path(path),
            np.asarray(target, dtype=object),
            np.asarray(condition.isin(about["treated"])),
            control=str(about["control"]),
            positives=[str(name) for name in about["positives"]],
            min_cells=int(about["min_cells"]),
        )


def blocks(screen: ReversionScreen, genes: Sequence[str]) -> Iterator[Block]:
    """Yield the screen's cells in order, some megabytes at a time; `genes`: those that it was cut to."""
    with Source(screen.path) as source:
        if list(source.names("var")) != list(genes):
            raise UserError(f"{screen.path}: cut to other genes than the encoder's; {AGAIN}")
        factors = size_factors(source)
        for rows, counts in source.matrix().blocks():
            yield Block(csr_matrix(counts, dtype=np.float32), factors[rows])
