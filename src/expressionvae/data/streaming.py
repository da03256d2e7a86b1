"""A screen on its way from file to file in blocks of cells: cut to a gene panel, measured, written as it comes."""

import contextlib
import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from anndata.utils import make_index_unique
from numpy import ndarray
from scipy.sparse import csr_matrix

from expressionvae.arrays import Library
from expressionvae.data import checks, sealed
from expressionvae.data.frames import Rows
from expressionvae.data.h5ad import Source
from expressionvae.data.matrix import RAW, Block, Matrix
from expressionvae.data.normalisation import median_library
from expressionvae.data.panel import Panel
from expressionvae.data.sparse import sparse_rows
from expressionvae.files import UserError, remove_stale, seal, temporary_prefix, written
from expressionvae.progress import Progress

log = logging.getLogger(__name__)

CHUNK = 131_072  # values compressed together: half a thousand cells of a 2,000-gene panel
KEYS = ("X", "layers/counts", RAW)  # where published files keep raw counts


class Writer:
    """An h5ad of int32 CSR counts that grows by blocks of cells; whole only after `finish`.

    compression: "gzip" (level 1, bytes shuffled; what `anndata` and the training read), or None for scratch files.
    """

    def __init__(self, path: str | Path, n_genes: int, *, compression: str | None = "gzip"):
        self.path, self.file = path, cast(Any, sealed.create(Path(path)))
        self.group, self.n_genes = self.file.create_group("X"), n_genes
        self.group.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0"})
        options: dict[str, Any] = {"compression": compression, "chunks": (CHUNK,), "maxshape": (None,)}
        options |= sealed.CHECKED
        if compression == "gzip":
            options |= {"compression_opts": 1, "shuffle": True}
        for name in ("data", "indices"):
            self.group.create_dataset(name, (0,), np.int32, **options)
        self.ends, self.n_values = [np.zeros(1, np.int64)], 0
        self.held: list[csr_matrix] = []

    def append(self, cells: csr_matrix) -> None:
        """Add cells with sorted genes and no stored zeros."""
        self.held.append(cells)
        if sum(part.nnz for part in self.held) >= 8 * CHUNK:  # many small writes would compress a chunk many times
            self._flush()

    def _flush(self) -> None:
        for cells in self.held:
            self.ends.append(self.n_values + cells.indptr[1:].astype(np.int64))
            self.n_values += cells.nnz
        for name in ("data", "indices"):
            dataset = self.group[name]
            start = len(dataset)
            dataset.resize((self.n_values,))
            if self.n_values > start:
                dataset[start:] = np.concatenate([getattr(cells, name) for cells in self.held])
        self.held = []

    def finish(self, obs: pd.DataFrame, genes: Sequence[str], uns: Mapping[str, Any]) -> None:
        """Write the tables, close the file and seal it."""
        self.end()
        assert self.n_cells == len(obs) and self.n_genes == len(genes)
        empty = dict.fromkeys(sealed.PARTS, {})
        for name, value in {"obs": obs, "var": pd.DataFrame(index=pd.Index(genes)), "uns": dict(uns), **empty}.items():
            sealed.put(self.file, name, value)
        self.file.close()
        seal(self.path)

    def blocks(self, rows: Rows) -> Iterator[csr_matrix]:
        """Read some rows of an ended matrix back, in order, a block at a time."""
        return (cells for _, cells in sparse_rows(self.group, self.n_genes, rows))

    def end(self) -> None:
        """End the matrix, without tables: enough for a scratch file."""
        self._flush()
        indptr = np.concatenate(self.ends)
        if self.n_values <= np.iinfo(np.int32).max:
            indptr = indptr.astype(np.int32)  # as scipy has it where it fits
        self.n_cells = len(indptr) - 1
        self.group.create_dataset("indptr", data=indptr, **sealed.CHECKED)
        self.group.attrs["shape"] = (self.n_cells, self.n_genes)


@contextlib.contextmanager
def scratch(beside: str | Path) -> Iterator[Path]:
    """A path for a temporary file in the folder of an output, gone afterwards; what killed jobs left goes first."""
    where = Path(beside).parent
    where.mkdir(parents=True, exist_ok=True)
    remove_stale(where, "scratch")
    with tempfile.TemporaryDirectory(prefix=temporary_prefix("scratch"), dir=where) as folder:
        yield Path(folder) / "cells.h5"


def passing(what: str, cells: int) -> Progress:
    """Progress of a pass over the cells of a file, to be told of each block by `passed`."""
    return Progress(f"{what}: cells", cells, interval=60.0)


def passed(progress: Progress, block: Block) -> None:
    """Count a block that has been dealt with."""
    if isinstance(block, ndarray):
        progress.advance(len(block), size=block.nbytes)
    else:
        progress.advance(len(block.indptr) - 1, size=block.data.nbytes + block.indices.nbytes)


def cut(block: Block, panel: Panel) -> csr_matrix:
    """The counts of a block on the panel: int32 CSR, genes sorted, no stored zeros; zeros for absent genes."""
    if isinstance(block, ndarray):
        present = np.take(block, panel.columns[panel.present], axis=1)
        at = np.flatnonzero(present)
        ends = np.searchsorted(at, np.arange(len(block) + 1) * len(panel.present)).astype(np.int32)
        column = panel.present[at % max(len(panel.present), 1)].astype(np.int32)
        parts = (present.ravel()[at].astype(np.int32), column, ends)
        return csr_matrix(parts, shape=(len(block), len(panel.genes)))
    column = panel.of_column[block.indices]
    kept = np.flatnonzero((column >= 0) & (block.data != 0))
    ends = np.searchsorted(kept, block.indptr).astype(np.int32)
    parts = (block.data[kept].astype(np.int32), column[kept], ends)
    counts = csr_matrix(parts, shape=(len(ends) - 1, len(panel.genes)))
    counts.sum_duplicates()  # sorts too
    return counts


def libraries(block: Block) -> Library:
    """Sum of each cell's counts over all genes of the file."""
    if isinstance(block, ndarray):
        return block.sum(axis=1, dtype=np.float64)
    return np.asarray(block.sum(axis=1, dtype=np.float64)).ravel()


def distinct(names: pd.Index) -> pd.Index:
    """Cell names of which none occurs twice: later ones get a number (a#1)."""
    return names if names.is_unique else make_index_unique(names, join="#")


def counts_matrix(source: Source, keys: Sequence[str] = KEYS, *, places: int = 20) -> Matrix:
    """The first of X, layers/counts, raw/X that holds raw counts in every place looked at.

    Raises: UserError when none does.
    """
    reasons = []
    for key in keys:
        if source.has(key):
            try:
                matrix = source.matrix(key)
                matrix.probe(places)
                log.info(f"{source.path.name}: raw counts in {key}")
                return matrix
            except UserError as error:
                reasons.append(str(error).removeprefix(f"{source.path}: "))
    found = "; ".join(reasons) or f"it has none of {', '.join(keys)}"
    raise UserError(f"{source.path}: no raw counts (whole numbers, 0 or more): {found}")


def slice_h5ad(
    source: str | Path,
    output: str | Path,
    genes: Sequence[str],
    *,
    labels: Mapping[str, str],
    symbol_map: Mapping[str, str],
    gene_column: str | None = None,
    key: str | None = None,
    library_column: str | None = None,
    rows: Rows | None = None,
    uns: Mapping[str, Any] | None = None,
) -> list[str]:
    """Stream an h5ad of any size to another on an ordered panel of genes; return the genes that it lacks (zeros there).

    The output is raw int32 CSR counts; obs has the asked labels as categories, `library_size` and `median_library`
    (of the cells taken); uns["slice"] names source and absent genes. Holds one block of cells at a time.

    labels: column of the new obs -> column of the source's.
    key: the matrix of raw counts; None: the first of X, layers/counts, raw/X that holds them.
    library_column: obs column of counts over the full gene panel; None: the sum over all genes of the source.
    rows: the cells to take, ascending; None: all.
    Raises: UserError when a column or all genes are absent, or a value is no count; then nothing is written.
    """
    with Source(source) as file, written(output) as temporary:
        rows = np.arange(file.n_cells) if rows is None else rows
        obs = {new: file.labels("obs", old, needed=rows) for new, old in labels.items()}
        names = file.names("obs", rows)
        stated = None
        if library_column:
            stated = file.numbers("obs", library_column, "library_column")[rows]
            checks.totals(file.path, stated, library_column, lambda row: names[row])
        table = file.frame("raw/var" if key == RAW else "var")
        panel = Panel.of(table, genes, symbol_map, gene_column)  # before any count is read
        matrix = counts_matrix(file, (key,) if key else KEYS)
        if matrix.genes is not table:
            panel = Panel.of(matrix.genes, genes, symbol_map, gene_column)
        progress, writer = passing(file.path.name, len(rows)), Writer(temporary, len(genes))
        sums = []
        for _, block in matrix.blocks(rows):
            writer.append(cut(block, panel))
            sums.append(libraries(block))
            passed(progress, block)
        library = np.concatenate([np.zeros(0), *sums])
        if library_column and stated is not None:
            checks.library(file.path, stated, library, names, library_column)
            library = stated
        table = pd.DataFrame({name: column[rows].remove_unused_categories() for name, column in obs.items()})
        table["library_size"] = library.astype(np.float32)
        table["median_library"] = np.float32(median_library(library))
        table.index = distinct(names)
        about = {"source": file.path.name, "absent": np.array(panel.absent, dtype=object)}
        writer.finish(table, list(genes), {"slice": about, **(uns or {})})
    return panel.absent
