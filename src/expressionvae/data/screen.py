"""A screen: single cells, each with a perturbation and a cell type, read from h5ad as published."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy.sparse import csr_matrix

from expressionvae.arrays import Library
from expressionvae.data import checks
from expressionvae.data.frames import Rows
from expressionvae.data.h5ad import Source
from expressionvae.data.matrix import matrix_key
from expressionvae.data.panel import Panel
from expressionvae.data.streaming import cut, libraries, passed, passing

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Columns:
    """Where a screen keeps its labels; None: one cell type, genes in var's index, counts in X.

    layer: the name of a layer, or raw/X, whose genes are those of raw/var.
    median: column with the median library size of the file that a cell comes from, which the assembled screens have.
    """

    perturbation: str
    cell_type: str | None
    gene: str | None
    layer: str | None
    library: str | None
    median: str | None = None

    @classmethod
    def of(cls, dataset: Mapping[str, Any]) -> "Columns":
        """Return the columns that a dataset's config names; what the workflow writes itself has always the same."""
        if dataset["kind"] == "local":
            keys = ("perturbation_column", "cell_type_column", "gene_column", "layer", "library_column")
            return cls(*(dataset[key] for key in keys))
        if dataset["kind"] == "made-up":
            return cls("perturbation", "cell_type", None, None, None)
        return cls("perturbation", "cell_type", None, None, "library_size", "median_library")


class Screen:
    """A screen open for reading: labels and genes at once, counts in blocks of cells.

    Attributes:
        cells: cell_type and perturbation (str) of every cell, by its name.
        genes: gene symbols.
        median: median library size of the file that each cell comes from; None: the screen is one file.

    Raises UserError when the file is absent or unreadable, a column is missing or has gaps, a cell or gene is named
    twice, the layer is absent; in `blocks`, at the first value that is no count.
    """

    def __init__(self, path: str | Path, columns: Columns, *, unlabelled: bool = False):
        """unlabelled: cells may lack a perturbation's label, which is then missing in `cells`."""
        self.path = Path(path)
        self.source = Source(path)
        names = self.source.names("obs")
        checks.unique(self.path, names, "cell names")
        self.cells = pd.DataFrame(index=names)
        self.cells["cell_type"] = self._labels(columns.cell_type, "cell_type_column") if columns.cell_type else "cells"
        needed = np.arange(0) if unlabelled else None
        self.cells["perturbation"] = self._labels(columns.perturbation, "perturbation_column", needed)
        self.matrix = self.source.matrix(matrix_key(columns.layer))
        self.genes = self._genes(columns.gene)
        self.library_column = columns.library
        self.library: Library | None = None
        if columns.library:
            self.library = self.source.numbers("obs", columns.library, "library_column")
            checks.totals(self.path, self.library, columns.library, lambda row: names[row])
        self.median: Library | None = self.source.numbers("obs", columns.median) if columns.median else None

    def __enter__(self) -> "Screen":
        return self

    def __exit__(self, *_) -> None:
        self.source.close()

    def whole_panel(self) -> Panel:
        """All genes of the file, in its order."""
        everything = np.arange(len(self.genes), dtype=np.int32)
        return Panel(self.genes.tolist(), everything, everything)

    def blocks(self, panel: Panel, rows: Rows | None = None) -> Iterator[tuple[Rows, csr_matrix, Library]]:
        """Yield (row numbers, int32 CSR counts on the panel, library sizes) in order, of all cells or of some."""
        progress = passing(self.path.name, len(self.cells) if rows is None else len(rows))
        for here, block in self.matrix.blocks(rows):
            sums = libraries(block)
            if self.library is not None:
                checks.library(self.path, self.library[here], sums, self.cells.index[here], str(self.library_column))
                sums = self.library[here]
            yield here, cut(block, panel), sums
            passed(progress, block)

    def _labels(self, name: str, key: str, needed: Rows | None = None) -> np.ndarray:
        return np.asarray(self.source.labels("obs", name, key, needed=needed), dtype=object)

    def _genes(self, column: str | None) -> pd.Index:
        genes = self.matrix.genes.names()
        if column is not None:
            genes = pd.Index(np.asarray(self.matrix.genes.labels(column, "gene_column"), dtype=object))
        checks.unique(self.path, genes, "genes")
        return genes


def counts(cells: AnnData) -> csr_matrix:
    """Return X, which is CSR in every file of ours."""
    assert isinstance(cells.X, csr_matrix)
    return cells.X


def table(cells: AnnData) -> pd.DataFrame:
    """Return obs as the data frame that it is when a file is read whole."""
    assert isinstance(cells.obs, pd.DataFrame)
    return cells.obs
