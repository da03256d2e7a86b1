"""A matrix of raw counts on disk, dense or sparse, that is checked and read in blocks of rows."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray
from scipy.sparse import csr_matrix

from expressionvae.data import checks, sparse
from expressionvae.data.frames import Frame, Rows
from expressionvae.data.sparse import Sparse
from expressionvae.data.store import Element, attribute, child, filters_known, is_group, legible, pieces
from expressionvae.files import UserError

log = logging.getLogger(__name__)

Block = ndarray | csr_matrix  # counts of some cells, as the file stores them

PROBED = 2_000  # values looked at in each place of a matrix by columns
RAW = "raw/X"  # the matrix that has genes of its own, raw/var


def matrix_key(layer: str | None) -> str:
    """Where config key `layer` points: X, a layer, or raw/X."""
    return "X" if layer is None else layer if layer == RAW else f"layers/{layer}"


class Matrix:
    """Counts of cells on genes.

    Attributes:
        key: where it lies in the file.
        cells: the table of its cells, obs.
        genes: the table of its genes: raw/var for raw/X, var for all others.
        sparse: how it is stored where it is not dense.

    Raises: UserError when it is absent, of another size than its tables say, or in no known way stored.
    """

    def __init__(self, path: Path, root: Element, key: str, frame: Callable[[str], Frame]):
        self.path, self.key = path, key
        there = matrices(path, root)
        self.stored = root
        for part in key.split("/"):
            self.stored = child(path, self.stored, part)
        if self.stored is None:
            where = "" if key == "X" else " (config key layer)"
            raise UserError(f"{path}: holds no matrix {key}{where}; it has {checks.some(there)}")
        self.cells, self.genes = frame("obs"), frame("raw/var" if key == RAW else "var")
        self.others = [name for name in there if name != key]
        self.sparse = Sparse(path, key, self.stored) if is_group(self.stored) else None
        self.shape = self.sparse.shape if self.sparse else self._dense_shape()
        if self.shape != (expected := (len(self.cells), len(self.genes))):
            raise UserError(
                f"{path}: {key} is {self.shape[0]} x {self.shape[1]}; expected {expected[0]} x {expected[1]}, the rows "
                f"of obs and of {self.genes.key}"
            )
        if self.sparse:
            self.sparse.require_whole()
        self._require_numbers()
        there, whole = pieces(self.values)
        if there < whole:  # zarr leaves out chunks of zeros, so that what was lost cannot be told from them
            log.warning(f"{path}: {key} has {there} of its {whole} pieces; the others are taken as zeros")

    @property
    def values(self) -> Element:
        """The stored numbers: of a sparse matrix those that are not zero."""
        return self.stored["data"] if self.sparse else self.stored

    def blocks(self, rows: Rows | None = None) -> Iterator[tuple[Rows, Block]]:
        """Yield (row numbers, their counts) in order, of all rows or of some; each row of the file is read once.

        Raises: UserError at the first value that is no count, or where the file is damaged.
        """
        wanted = np.arange(self.shape[0]) if rows is None else rows
        with legible(self.path, self.key):
            for here, block in self.sparse.rows(wanted) if self.sparse else self._dense(wanted):
                self._check(here, block)
                yield here, block

    def probe(self, number: int = 20, rows: int = 10) -> None:
        """Look into each of `number` places, so that most mistakes show before hours of reading.

        Raises: UserError at a value that is no count.
        """
        if self.sparse and self.sparse.by_column:
            self._probe_columns(self.sparse, number)
            return
        for start in np.unique(np.linspace(0, max(self.shape[0] - rows, 0), number).astype(int)):
            for _ in self.blocks(np.arange(start, min(start + rows, self.shape[0]))):
                pass

    def _probe_columns(self, stored: Sparse, number: int) -> None:
        stored.require_small()
        length = int(self.values.shape[0])
        with legible(self.path, self.key):
            for start in np.unique(np.linspace(0, max(length - PROBED, 0), number).astype(int)).tolist():
                values, cells = stored.piece(start, min(start + PROBED, length))
                at = checks.wrong_count(values)
                if at is not None:
                    raise self._no_count(values[at], int(cells[at]), stored.line_of(start + at))

    def _dense_shape(self) -> tuple[int, int]:
        kind = attribute(self.path, self.stored, "encoding-type") or "array"
        shape = getattr(self.stored, "shape", None)
        if kind != "array" or shape is None or len(shape) != 2:
            size = "empty" if shape is None else f"of shape {shape}"
            raise UserError(
                f"{self.path}: {self.key} is not a matrix but stored as '{kind}' {size}; expected cells x genes"
            )
        return int(shape[0]), int(shape[1])

    def _require_numbers(self) -> None:
        dtype = self.values.dtype
        if dtype.kind not in "iuf":
            raise UserError(
                f"{self.path}: {self.key} holds values of type {dtype}; expected raw counts (whole numbers, 0 or more)"
                f"{self._elsewhere()}"
            )
        for part in [self.stored[name] for name in ("data", "indices", "indptr")] if self.sparse else [self.stored]:
            filters_known(self.path, part, self.key)

    def _dense(self, wanted: Rows) -> Iterator[tuple[Rows, ndarray]]:
        width = self.shape[1] * self.stored.dtype.itemsize
        rows = max(1, sparse.BLOCK_BYTES // width)
        if self.stored.chunks:  # whole chunks, so that none is decompressed twice
            chunk = self.stored.chunks[0]
            rows = min(self.shape[0], max(1, rows // chunk) * chunk)
        if rows * width > sparse.MOST_BYTES:
            raise UserError(
                f"{self.path}: {self.key} is stored in chunks of {self.stored.chunks} values, and {rows:,} rows "
                f"at once are too much to hold; write it again with chunks of fewer rows"
            )
        for start in range(0, self.shape[0], rows):
            here = wanted[np.searchsorted(wanted, start) : np.searchsorted(wanted, start + rows)]
            if len(here):
                first, last = int(here[0]), int(here[-1]) + 1
                block = np.asarray(self.stored[first:last])
                yield here, block if len(here) == last - first else block[here - first]

    def _check(self, rows: Rows, block: Block) -> None:
        if isinstance(block, ndarray):
            at = checks.wrong_count(block)
            if at is not None:
                row, column = divmod(at, block.shape[1])
                raise self._no_count(block[row, column], int(rows[row]), column)
            return
        both = sparse.twice(block)
        if both is not None:
            cell, gene = self._named(int(rows[both[0]]), both[1])
            raise UserError(
                f"{self.path}: {self.key} holds two values at cell '{cell}' (row {rows[both[0]]}), gene '{gene}'; "
                "expected one; adata.X.sum_duplicates() adds them up"
            )
        at = checks.wrong_count(block.data)
        if at is not None:
            row = int(np.searchsorted(block.indptr, at, side="right")) - 1
            raise self._no_count(block.data[at], int(rows[row]), int(block.indices[at]))

    def _no_count(self, value: Any, row: int, column: int) -> UserError:
        cell, gene = self._named(row, column)
        where = f"layer '{self.key.removeprefix('layers/')}'" if self.key.startswith("layers/") else self.key
        return UserError(
            f"{self.path}: {where} holds {shown(value)} at cell '{cell}' (row {row}), gene '{gene}', but raw counts "
            f"(whole numbers, 0 or more, below 2^31) are expected{self._elsewhere()}"
        )

    def _elsewhere(self) -> str:
        there = f" (the file has {checks.some(self.others)} too)" if self.others else ""
        return f"; if the values are normalised, point config key `layer` at the counts{there}"

    def _named(self, row: int, column: int) -> tuple[str, str]:
        return self.cells.names(np.array([row]))[0], self.genes.names(np.array([column]))[0]


def matrices(path: Path, root: Element) -> list[str]:
    """The keys of the matrices that a file has."""
    layers, raw = child(path, root, "layers"), child(path, root, "raw")
    there = [f"layers/{name}" for name in layers] if is_group(layers) else []
    return [*(["X"] if "X" in root else []), *there, *([RAW] if is_group(raw) and "X" in raw else [])]


def shown(value: Any) -> str:
    """A value that is no count, with as many digits as it takes to see that."""
    short = f"{value:.6g}"
    return str(value) if checks.wrong_count(np.array([float(short)])) is None else short
