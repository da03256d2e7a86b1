"""Reading an h5ad of any size and age in pieces: labels without their matrix, counts in blocks of rows."""

import contextlib
import importlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import h5py
import numpy as np
import pandas as pd
from anndata.io import read_elem
from jaxtyping import Integer
from numpy import ndarray
from scipy.sparse import csc_matrix, csr_matrix

from expressionvae.data import checks
from expressionvae.files import UserError

Rows = Integer[ndarray, "cell"]  # row numbers, ascending
Block = ndarray | csr_matrix  # counts of some cells, as the file stores them

BLOCK_BYTES = 16_000_000  # of the matrix read at a time: what is made of it stays within a few times that
MOST_BYTES = 1_000_000_000  # of a block that a file's own chunks force on its reader, or of a matrix stored by columns
LABELS = 200_000  # labels or names decoded at a time
DAMAGE = (OSError, RuntimeError, KeyError)  # what HDF5 raises when a file ends too early


class Source:
    """An h5ad open for reading, of any anndata since the first.

    content: where its bytes are read from, if not from `path`.
    Raises: UserError when the file is absent, cut short, or no h5ad.
    """

    def __init__(self, path: str | Path, content: io.BufferedIOBase | None = None):
        self.path = Path(path)
        if content is None and not self.path.is_file():
            raise UserError(f"{path}: no such file")
        try:
            # Any: to h5py's types each key may be group, table or type
            self.file: Any = h5py.File(
                content or path, "r", rdcc_nbytes=32_000_000
            )  # keeps the chunk on which two blocks border
            self.n_cells, self.n_genes = (self._length(frame) for frame in ("obs", "var"))
        except DAMAGE as error:
            reason = str(error).splitlines()[0]
            why = f"it may be cut short or of another format ({reason})"
            raise UserError(f"{path}: not a readable h5ad file; {why}") from None

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *_) -> None:
        self.file.close()

    def columns(self, frame: str) -> list[str]:
        """Columns of obs or var."""
        table = self.file[frame]
        names = table.dtype.names if isinstance(table, h5py.Dataset) else list(table)
        return [name for name in names if name not in ("__categories", self._index(frame))]

    def names(self, frame: str, rows: Rows | None = None) -> pd.Index:
        """Index of obs or var, of all rows or of some."""
        read, length = self._texts(frame, self._index(frame))
        wanted = np.arange(length) if rows is None else rows
        found = []
        for start in range(0, length, LABELS):
            here = wanted[np.searchsorted(wanted, start) : np.searchsorted(wanted, start + LABELS)]
            if len(here):
                found.append(read(int(here[0]), int(here[-1]) + 1)[here - here[0]])
        return pd.Index(np.concatenate(found) if found else [], dtype=object)

    def labels(self, frame: str, name: str, key: str = "", *, needed: Rows | None = None) -> pd.Categorical:
        """A column of obs or var as labels (text), however it is stored; `key`: the config key that names it.

        needed: the rows that must have a label; None: all.
        Raises: UserError if absent, or if one of those rows has no label.
        """
        stored = self._element(frame, name, key)
        labels = self._categories(stored, frame, name)
        if labels is None:
            labels = _factorised(*self._texts(frame, name))
        needed = np.arange(len(labels)) if needed is None else needed
        checks.labelled(self.path, labels[needed], frame, name, lambda row: self.names(frame, needed[[row]])[0])
        return labels

    def numbers(self, frame: str, name: str, key: str = "") -> ndarray:
        """A numeric column of obs or var as float64. Raises: UserError if absent or not of numbers."""
        stored = self._element(frame, name, key)
        values = self.file[frame][name][:] if isinstance(stored, h5py.Dataset) else read_elem(stored)
        values = pd.Series(cast(Any, values))
        if not pd.api.types.is_numeric_dtype(values):
            where = f" (config key {key})" if key else ""
            raise UserError(f"{self.path}: {frame} column '{name}'{where} holds {values.iloc[0]!r}; expected numbers")
        return values.to_numpy(np.float64, na_value=np.nan)

    def symbols(self, key: str | None = None) -> list[str]:
        """Gene symbols: the var column of config key gene_column, else `gene_name`, else the index.

        Raises: UserError when those are Ensembl ids.
        """
        if key is None and "gene_name" in self.columns("var"):
            key = "gene_name"
        symbols = list(self.labels("var", key, "gene_column")) if key else self.names("var").tolist()
        if all(str(name).startswith("ENSG") for name in symbols[:20]):
            raise UserError(
                f"{self.path}: var has Ensembl ids ('{symbols[0]}') and no column 'gene_name'; expected symbols; "
                f"its columns are {checks.some(self.columns('var'))}"
            )
        return symbols

    def matrix(self, key: str = "X") -> "Matrix":
        """X, or another matrix of the same shape, e.g. layers/counts."""
        return Matrix(self, key)

    def about(self, key: str) -> Any:
        """An element of uns. Raises: UserError if absent."""
        if key not in self.file.get("uns", ()):
            raise UserError(f"{self.path}: uns has no '{key}'")
        return read_elem(self.file["uns"][key])

    def _length(self, frame: str) -> int:
        table = self.file[frame]
        return len(table) if isinstance(table, h5py.Dataset) else len(self._stored(frame, self._index(frame)))

    def _index(self, frame: str) -> str:
        table = self.file[frame]
        if isinstance(table, h5py.Dataset):  # a table of records, before anndata 0.7
            return "index" if "index" in table.dtype.names else "_index"
        return table.attrs["_index"]

    def _stored(self, frame: str, name: str) -> Any:
        stored = self.file[frame][name]
        return stored["values"] if isinstance(stored, h5py.Group) else stored  # strings that may be missing

    def _element(self, frame: str, name: str, key: str) -> Any:
        if name not in self.columns(frame):
            where = f" (config key {key})" if key else ""
            there = checks.some(self.columns(frame))
            raise UserError(f"{self.path}: {frame} has no column '{name}'{where}; its columns are {there}")
        table = self.file[frame]
        return table if isinstance(table, h5py.Dataset) else table[name]

    def _categories(self, stored: Any, frame: str, name: str) -> pd.Categorical | None:
        """Labels stored as codes, in each of the ways of anndata's history; None when they are plain."""
        codes: Any
        categories: Any
        if isinstance(stored, h5py.Group):
            parts: Any = stored
            if "codes" not in parts:
                return pd.Categorical(pd.Series(cast(Any, read_elem(stored))).astype("string").astype(object))
            codes, categories = parts["codes"][:], parts["categories"]
        elif "categories" in stored.attrs:  # 0.7
            codes, categories = stored[:], self.file[stored.attrs["categories"]]
        elif isinstance(self.file[frame], h5py.Dataset) and f"{name}_categories" in self.file.get("uns", ()):
            codes, categories = self.file[frame][name], self.file["uns"][f"{name}_categories"]  # before 0.7
        else:
            return None
        return pd.Categorical.from_codes(codes, pd.Index(np.asarray(read_elem(categories)).astype(str), dtype=object))

    def _texts(self, frame: str, name: str) -> tuple[Callable[[int, int], ndarray], int]:
        """A reader of a plain column from row to row, as text, and its length."""
        table = self.file[frame]
        if isinstance(table, h5py.Dataset):
            return lambda start, stop: _text(table[start:stop][name]), len(table)
        stored = self._stored(frame, name)
        return lambda start, stop: _text(stored[start:stop]), len(stored)


class Matrix:
    """A matrix of raw counts on disk, dense or sparse, that is read in blocks of rows."""

    def __init__(self, source: Source, key: str):
        self.source, self.key = source, key
        if key not in source.file:
            there = ["X", *(f"layers/{name}" for name in source.file.get("layers", ()))]
            where = " (config key layer)" if key.startswith("layers/") else ""
            raise UserError(f"{source.path}: holds no matrix {key}{where}; it has {checks.some(there)}")
        self.stored = source.file[key]
        self.sparse = isinstance(self.stored, h5py.Group)
        attrs = self.stored.attrs
        self.by_column = self.sparse and str(attrs.get("encoding-type", attrs.get("h5sparse_format"))).startswith("csc")
        self.shape = tuple(map(int, attrs.get("shape", attrs.get("h5sparse_shape")))) if self.sparse else _2d(self)
        if self.shape != (source.n_cells, source.n_genes):
            raise UserError(
                f"{source.path}: {key} is {self.shape[0]} x {self.shape[1]}; expected {source.n_cells} x "
                f"{source.n_genes}, the rows of obs and of var"
            )
        for dataset in self.stored.values() if self.sparse else [self.stored]:
            _readable(source.path, key, dataset)

    def blocks(self, rows: Rows | None = None) -> Iterator[tuple[Rows, Block]]:
        """Yield (row numbers, their counts) in order, of all rows or of some; each row of the file is read once.

        Raises: UserError at the first value that is no count, or where the file is damaged.
        """
        wanted = np.arange(self.shape[0]) if rows is None else rows
        try:
            for here, block in self._raw(wanted):
                self._check(here, block)
                yield here, block
        except DAMAGE as error:
            raise UserError(
                f"{self.source.path}: {self.key} cannot be read, so the file is probably cut short or damaged ({error})"
            ) from error

    def probe(self, number: int = 20, rows: int = 10) -> None:
        """Look at a few rows in each of `number` places, so that most mistakes show before hours of reading.

        Raises: UserError at a value that is no count.
        """
        if self.by_column:
            return
        for start in np.unique(np.linspace(0, max(self.shape[0] - rows, 0), number).astype(int)):
            for _ in self.blocks(np.arange(start, min(start + rows, self.shape[0]))):
                pass

    def _raw(self, wanted: Rows) -> Iterator[tuple[Rows, Block]]:
        if self.by_column:
            yield from self._columnwise(wanted)
        elif self.sparse:
            yield from sparse_rows(self.stored, self.shape[1], wanted)
        else:
            yield from self._dense(wanted)

    def _dense(self, wanted: Rows) -> Iterator[tuple[Rows, ndarray]]:
        width = self.shape[1] * self.stored.dtype.itemsize
        rows = max(1, BLOCK_BYTES // width)
        if self.stored.chunks:  # whole chunks, so that none is decompressed twice
            chunk = self.stored.chunks[0]
            rows = min(self.shape[0], max(1, rows // chunk) * chunk)
        if rows * width > MOST_BYTES:
            raise UserError(
                f"{self.source.path}: {self.key} is stored in chunks of {self.stored.chunks} values, and {rows:,} rows "
                f"at once are too much to hold; write it again with chunks of fewer rows"
            )
        for start in range(0, self.shape[0], rows):
            here = wanted[np.searchsorted(wanted, start) : np.searchsorted(wanted, start + rows)]
            if len(here):
                first, last = int(here[0]), int(here[-1]) + 1
                block = self.stored[first:last]
                yield here, block if len(here) == last - first else block[here - first]

    def _columnwise(self, wanted: Rows) -> Iterator[tuple[Rows, csr_matrix]]:
        """Columns on disk: a slice of rows would read the whole file each time, so it is turned in memory, once."""
        size = sum(self.stored[name].nbytes for name in ("data", "indices"))
        if size > MOST_BYTES:
            raise UserError(
                f"{self.source.path}: {self.key} is stored by columns (CSC), and {size / 1e9:.1f} GB of it are too "
                f"much to turn in memory; write it by rows: adata.X = adata.X.tocsr()"
            )
        parts = tuple(self.stored[name][:] for name in ("data", "indices", "indptr"))
        turned = csr_matrix(csc_matrix(parts, shape=self.shape).tocsr())
        rows = max(1, BLOCK_BYTES * self.shape[0] // max(size, 1))
        for start in range(0, len(wanted), rows):
            here = wanted[start : start + rows]
            yield here, csr_matrix(turned[here])

    def _check(self, rows: Rows, block: Block) -> None:
        values = block if isinstance(block, ndarray) else block.data
        at = checks.wrong_count(values)
        if at is None:
            return
        if isinstance(block, ndarray):
            row, column = divmod(at, block.shape[1])
        else:
            row, column = int(np.searchsorted(block.indptr, at, side="right")) - 1, int(block.indices[at])
        cell, gene = self.source.names("obs", rows[[row]])[0], self.source.names("var", np.array([column]))[0]
        where = self.key if self.key == "X" else f"layer '{self.key.removeprefix('layers/')}'"
        raise UserError(
            f"{self.source.path}: {where} holds {values.flat[at]:.6g} at cell '{cell}' (row {rows[row]}), gene "
            f"'{gene}', but raw counts (whole numbers, 0 or more) are expected; if the values are normalised, point "
            "config key `layer` at the counts"
        )


def sparse_rows(group: Any, n_genes: int, wanted: Rows) -> Iterator[tuple[Rows, csr_matrix]]:
    """Rows of a CSR matrix on disk, in blocks of about `BLOCK_BYTES`, however long the rows are."""
    data, indices, indptr = group["data"], group["indices"], group["indptr"][:].astype(np.int64)
    values = BLOCK_BYTES // (data.dtype.itemsize + indices.dtype.itemsize)
    ends, at = indptr[wanted + 1], 0
    while at < len(wanted):
        upto = max(at + 1, int(np.searchsorted(ends, indptr[wanted[at]] + values, side="right")))
        here = wanted[at:upto]
        first, last = int(here[0]), int(here[-1]) + 1
        cut = slice(int(indptr[first]), int(indptr[last]))
        parts = (data[cut], indices[cut], indptr[first : last + 1] - indptr[first])
        block = csr_matrix(parts, shape=(last - first, n_genes))
        yield here, block if len(here) == last - first else csr_matrix(block[here - first])
        at = upto


def _2d(matrix: Matrix) -> tuple[int, int]:
    if not isinstance(matrix.stored, h5py.Dataset) or matrix.stored.ndim != 2:
        raise UserError(f"{matrix.source.path}: {matrix.key} is not a matrix")
    return matrix.stored.shape


def _readable(path: Path, key: str, dataset: Any) -> None:
    """Require that the compression of a dataset can be undone here."""
    plist = dataset.id.get_create_plist()
    for code, _, _, name in (plist.get_filter(i) for i in range(plist.get_nfilters())):
        if not h5py.h5z.filter_avail(code):
            with contextlib.suppress(ImportError):
                importlib.import_module("hdf5plugin")  # registers blosc, zstd, lz4, ... where it is installed
        if not h5py.h5z.filter_avail(code):
            label = name.decode(errors="replace") or "without a name"
            raise UserError(
                f"{path}: {key} is compressed with HDF5 filter {code} ({label}), which is not installed here; "
                f"`pip install hdf5plugin` adds the common ones, or write the file with gzip"
            )


def _text(values: ndarray) -> ndarray:
    """Text as objects, from bytes or numbers."""
    if values.dtype.kind in "OS":
        texts = [value.decode() if isinstance(value, bytes) else str(value) for value in values.tolist()]
        return np.array(texts, dtype=object)
    return values.astype(str).astype(object)


def _factorised(read: Callable[[int, int], ndarray], length: int) -> pd.Categorical:
    """Plain text as labels, a piece at a time: ten million strings would take a gigabyte."""
    known: dict[str, int] = {}
    codes: Any = np.empty(length, np.int32)
    for start in range(0, length, LABELS):
        piece, names = pd.factorize(read(start, min(start + LABELS, length)))
        number = np.array([known.setdefault(name, len(known)) for name in names], dtype=np.int32)
        codes[start : start + len(piece)] = number[piece]
    return pd.Categorical.from_codes(codes, pd.Index(list(known), dtype=object))
