"""A sparse matrix on disk, by rows (CSR) or by columns (CSC): what scipy would believe of it is checked first."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy import ndarray
from scipy.sparse import csc_matrix, csr_matrix

from expressionvae.data.frames import Rows
from expressionvae.data.store import Element, attribute, child, legible, pieces, vector
from expressionvae.files import UserError

BLOCK_BYTES = 16_000_000  # of the matrix read at a time: what is made of it stays within a few times that
MOST_BYTES = 1_000_000_000  # of a matrix stored by columns, or of a block that a dense file's own chunks force on us


class Sparse:
    """A group of data, indices and indptr.

    Attributes:
        by_column: whether indices are cells and indptr ends columns (CSC).
        shape: cells, genes.
        indptr: where each row (or column) ends, 0 first; after `require_whole`.

    Raises: UserError when it does not say how it is stored, or of what size.
    """

    indptr: ndarray

    def __init__(self, path: Path, key: str, group: Element):
        self.path, self.key, self.group = path, key, group
        self.by_column = self._kind().startswith("csc")
        self.shape = self._shape()

    def _kind(self) -> str:
        name = next((name for name in ("encoding-type", "h5sparse_format") if name in self.group.attrs), None)
        kind = attribute(self.path, self.group, name) if name else None
        if kind not in ("csr_matrix", "csc_matrix", "csr", "csc"):
            said = f"'{kind}' (attribute {name})" if kind else "without attribute encoding-type"
            raise UserError(f"{self.path}: {self.key} is stored as a group {said}; expected csr_matrix or csc_matrix")
        return kind

    def _shape(self) -> tuple[int, int]:
        name = next((name for name in ("shape", "h5sparse_shape") if name in self.group.attrs), None)
        found = np.asarray(self.group.attrs[name]) if name else np.zeros(0)
        if found.shape != (2,) or found.dtype.kind not in "iu":
            raise UserError(
                f"{self.path}: {self.key} has attribute shape {found.tolist() if name else 'absent'}; expected the "
                "numbers of cells and of genes"
            )
        return int(found[0]), int(found[1])

    def require_whole(self) -> None:
        """Require ends that never fall and as many values as they say: scipy would read beyond a list too short.

        Raises: UserError, with the key and what was expected.
        """
        what = {name: f"{self.key}/{name}" for name in ("indptr", "indices", "data")}
        found = {name: vector(self.path, child(self.path, self.group, name), what[name]) for name in what}
        for name in ("indptr", "indices"):
            if found[name].dtype.kind not in "iu":
                raise UserError(f"{self.path}: {what[name]} is of type {found[name].dtype}; expected whole numbers")
        axis, whose = (1, "column") if self.by_column else (0, "row")
        vector(self.path, found["indptr"], f"{what['indptr']} (0, then the end of each {whose})", self.shape[axis] + 1)
        with legible(self.path, what["indptr"]):
            ends = np.asarray(found["indptr"][:])
        if ends[0] != 0:
            raise UserError(f"{self.path}: {what['indptr']} starts with {ends[0]}; expected 0")
        falls = ends[1:] < ends[:-1]
        if falls.any():
            at = int(falls.argmax())
            raise UserError(
                f"{self.path}: {what['indptr']} falls from {ends[at]} to {ends[at + 1]} at {whose} {at}; expected "
                "numbers that never fall"
            )
        for name in ("data", "indices"):
            length = int(found[name].shape[0])
            if length != int(ends[-1]):
                raise UserError(
                    f"{self.path}: {what[name]} has {length} values; expected {ends[-1]}, where {what['indptr']} ends"
                )
        self._require_pieces(found["data"])
        self.indptr = ends.astype(np.int64)

    def _require_pieces(self, data: Element) -> None:
        """A piece of a zarr folder that is not there reads as zeros, and a sparse matrix stores none."""
        there, expected = pieces(data)
        if there < expected:
            raise UserError(
                f"{self.path}: {self.key}/data has {there} of its {expected} pieces; expected all: was the folder "
                "copied whole?"
            )

    def rows(self, wanted: Rows) -> Iterator[tuple[Rows, csr_matrix]]:
        """Yield (row numbers, their values) in order, in blocks of about `BLOCK_BYTES`."""
        if not self.by_column:
            yield from sparse_rows(self.group, self.shape[1], wanted, self.require_places)
            return
        # A slice of rows would read the whole file each time, so it is turned in memory, once.
        size = self.require_small()
        data, indices = (np.asarray(self.group[name][:]) for name in ("data", "indices"))
        self.require_places(0, indices)
        turned = csr_matrix(csc_matrix((wide(data), indices, self.indptr), shape=self.shape).tocsr())
        rows = max(1, BLOCK_BYTES * self.shape[0] // max(size, 1))
        for start in range(0, len(wanted), rows):
            here = wanted[start : start + rows]
            yield here, csr_matrix(turned[here])

    def piece(self, start: int, stop: int) -> tuple[ndarray, ndarray]:
        """Some of the stored values, and the cell (or, by rows, the gene) of each."""
        data, places = (np.asarray(self.group[name][start:stop]) for name in ("data", "indices"))
        self.require_places(start, places)
        return data, places

    def line_of(self, place: int) -> int:
        """The row (or column) in which a stored value lies."""
        return int(np.searchsorted(self.indptr, place, side="right")) - 1

    def require_small(self) -> int:
        """Bytes of a matrix by columns. Raises: UserError where it is too large to turn in memory."""
        size = sum(int(self.group[name].nbytes) for name in ("data", "indices"))
        if size > MOST_BYTES:
            raise UserError(
                f"{self.path}: {self.key} is stored by columns (CSC), and {size / 1e9:.1f} GB of it are too "
                f"much to turn in memory; write it by rows: adata.X = adata.X.tocsr()"
            )
        return size

    def require_places(self, start: int, places: ndarray) -> None:
        """Require genes (by columns: cells) that there are, of the stored values from `start` on."""
        limit, whose = (self.shape[0], "column") if self.by_column else (self.shape[1], "row")
        if len(places) and (places.min() < 0 or places.max() >= limit):
            at = int(((places < 0) | (places >= limit)).argmax())
            raise UserError(
                f"{self.path}: {self.key}/indices holds {places[at]} in {whose} {self.line_of(start + at)}; expected 0 "
                f"to {limit - 1}"
            )


def sparse_rows(
    group: Element, n_genes: int, wanted: Rows, check: Callable[[int, ndarray], None] | None = None
) -> Iterator[tuple[Rows, csr_matrix]]:
    """Rows of a CSR matrix on disk, in blocks of about `BLOCK_BYTES`, however long the rows are.

    check: is given the place of the first stored value of a block, and the genes of all of them.
    """
    data, indices, indptr = group["data"], group["indices"], np.asarray(group["indptr"][:]).astype(np.int64)
    values = BLOCK_BYTES // (data.dtype.itemsize + indices.dtype.itemsize)
    ends, at = indptr[wanted + 1], 0
    while at < len(wanted):
        upto = max(at + 1, int(np.searchsorted(ends, indptr[wanted[at]] + values, side="right")))
        here = wanted[at:upto]
        first, last = int(here[0]), int(here[-1]) + 1
        cut = slice(int(indptr[first]), int(indptr[last]))
        genes = np.asarray(indices[cut])
        if check:
            check(cut.start, genes)
        parts = (wide(np.asarray(data[cut])), genes, indptr[first : last + 1] - indptr[first])
        block = csr_matrix(parts, shape=(last - first, n_genes))
        yield here, block if len(here) == last - first else csr_matrix(block[here - first])
        at = upto


def twice(block: csr_matrix) -> tuple[int, int] | None:
    """Row and column of the first place that a block has two values for; sorts each row in place."""
    block.sort_indices()
    if block.has_canonical_format:
        return None
    indices, ends = cast(Any, block.indices), cast(Any, block.indptr)
    same = np.flatnonzero(indices[1:] == indices[:-1])
    rows = np.searchsorted(ends, same, side="right") - 1
    at = int((same + 1 < ends[rows + 1]).argmax())  # the next row may start with the same gene
    return int(rows[at]), int(indices[same[at]])


def wide(values: ndarray) -> ndarray:
    """The same numbers in a type that scipy's sparse matrices know: they have no float16."""
    return values.astype(np.float32) if values.dtype == np.float16 else values
