"""Reading an h5ad or an anndata zarr folder, of any size and age, in pieces: labels without their matrix, counts in
blocks of rows.
"""

import io
from pathlib import Path
from typing import Any

import h5py
import pandas as pd
from numpy import ndarray

from expressionvae.data.frames import Frame, Rows
from expressionvae.data.matrix import Matrix
from expressionvae.data.store import Element, child, legible, opened, require_anndata, streamed
from expressionvae.files import UserError


class Source:
    """A file open for reading, of any anndata since the first.

    content: where the bytes of an h5ad are read from, if not from `path`.
    Raises: UserError when the file is absent, cut short, no anndata, or without cells or genes.
    """

    def __init__(self, path: str | Path, content: io.BufferedIOBase | None = None):
        self.path = Path(path)
        self.file = opened(self.path) if content is None else streamed(self.path, content)
        try:
            with legible(self.path, "the file"):
                require_anndata(self.path, self.file)
                self.frames = {key: Frame(self.path, self.file, key) for key in ("obs", "var")}
            for key, what in (("obs", "cell"), ("var", "gene")):
                if not len(self.frames[key]):
                    raise UserError(f"{self.path}: holds no {what}: {key} has 0 rows")
        except UserError:
            self.close()
            raise
        self.n_cells, self.n_genes = len(self.frames["obs"]), len(self.frames["var"])

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; a zarr folder holds none open."""
        if hasattr(self.file, "close"):
            self.file.close()

    def frame(self, key: str) -> Frame:
        """obs, var or raw/var. Raises: UserError if absent."""
        if key not in self.frames:
            with legible(self.path, key):
                self.frames[key] = Frame(self.path, self.file, key)
        return self.frames[key]

    def columns(self, frame: str) -> list[str]:
        """Columns of obs or var."""
        return self.frame(frame).columns

    def names(self, frame: str, rows: Rows | None = None) -> pd.Index:
        """Index of obs or var, of all rows or of some."""
        return self.frame(frame).names(rows)

    def labels(self, frame: str, name: str, key: str = "", *, needed: Rows | None = None) -> pd.Categorical:
        """See `Frame.labels`."""
        return self.frame(frame).labels(name, key, needed=needed)

    def numbers(self, frame: str, name: str, key: str = "") -> ndarray:
        """See `Frame.numbers`."""
        return self.frame(frame).numbers(name, key)

    def has(self, key: str) -> bool:
        """Whether the file has an element, e.g. layers/counts."""
        found = self.file
        with legible(self.path, key):
            for part in key.split("/"):
                found = child(self.path, found, part)
        return found is not None

    def matrix(self, key: str = "X") -> Matrix:
        """X, or another matrix, e.g. layers/counts; raw/X has genes of its own."""
        with legible(self.path, key):
            return Matrix(self.path, self.file, key, self.frame)

    def about(self, key: str) -> Any:
        """An element of uns. Raises: UserError if absent."""
        if not self.has(f"uns/{key}"):
            raise UserError(f"{self.path}: uns has no '{key}'")
        with legible(self.path, f"uns/{key}"):
            return _element(self.file["uns"][key])


def _element(stored: Element) -> Any:
    """What anndata reads; texts and dictionaries of them, all that our own files have there, without loading it."""
    kind = stored.attrs.get("encoding-type")
    if isinstance(stored, h5py.Group) and kind == "dict":
        return {name: _element(part) for name, part in stored.items()}
    if isinstance(stored, h5py.Dataset) and kind in ("string", "string-array"):
        return stored.asstr()[()]
    from anndata.io import read_elem

    return read_elem(stored)
