"""An HDF5 file or a zarr folder, open for reading, and what is asked of any element in it before it is believed."""

import contextlib
import errno
import importlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy import ndarray

from expressionvae.data.checks import some
from expressionvae.files import UserError

# Any: to h5py's types each key may be group, table or type; zarr's groups and arrays answer to the same calls.
Element = Any


def opened(path: Path) -> Element:
    """The root group of an h5ad file or of an anndata in a zarr folder.

    Raises: UserError when it is absent, may not be read, or is nothing of the kind.
    """
    try:
        if not path.exists():
            raise UserError(f"{path}: no such file" + (f" (a link to {path.readlink()})" if path.is_symlink() else ""))
        if path.is_dir():
            return _zarr(path)
        if not path.is_file():  # opening a pipe would wait for ever
            raise UserError(f"{path}: not a readable h5ad file; it is no plain file")
        return h5py.File(path, "r", rdcc_nbytes=32_000_000)  # keeps the chunk on which two blocks border
    except PermissionError:
        raise UserError(f"{path}: permission denied; expected a file that you may read") from None
    except OSError as error:
        raise UserError(f"{path}: not a readable h5ad file; {_why(path, error)}") from None


def streamed(path: Path, content: io.BufferedIOBase) -> Element:
    """The root group of an h5ad whose bytes lie elsewhere, and of which `path` is the name. Raises: as `opened`."""
    try:
        return h5py.File(content, "r", rdcc_nbytes=32_000_000)
    except OSError as error:
        raise UserError(f"{path}: not a readable h5ad file; it may be of another format ({line(error)})") from None


def _why(path: Path, error: OSError) -> str:
    if error.errno in (errno.EAGAIN, errno.EACCES):
        return "another process is writing it"
    start = path.open("rb").read(4)
    for kind, magic in {"zip": b"PK\x03\x04", "gzip": b"\x1f\x8b"}.items():
        if start.startswith(magic):
            return f"it is compressed ({kind}); unpack it first"
    return f"it may be cut short or of another format ({line(error)})"


def _zarr(folder: Path) -> Element:
    if not any((folder / name).exists() for name in (".zgroup", "zarr.json")):
        raise UserError(f"{folder}: is a folder; expected an h5ad file, or a zarr folder (with .zgroup or zarr.json)")
    import zarr  # half a second, for few

    with legible(folder, "the zarr folder"):
        return zarr.open_group(str(folder), mode="r")


def require_anndata(path: Path, root: Element) -> None:
    """Require obs and var at the top. Raises: UserError, with the way out of a file of several modalities."""
    modalities = child(path, root, "mod")
    if is_group(modalities):
        names = sorted(modalities)
        opening = f"zarr.open('{path}')" if path.is_dir() else f"h5py.File('{path}')"
        raise UserError(
            f"{path}: is a MuData of the modalities {some([f'mod/{name}' for name in names])}; expected one anndata; "
            f"write the one with the counts as a file of its own, e.g. "
            f"anndata.io.read_elem({opening}['mod/{names[0] if names else 'rna'}']).write_h5ad('one.h5ad')"
        )
    if missing := " and no ".join(name for name in ("obs", "var") if name not in root):
        raise UserError(f"{path}: not a readable h5ad file; it has no {missing}, but {some(sorted(map(str, root)))}")


@contextlib.contextmanager
def legible(path: Path, what: str) -> Iterator[None]:
    """One message for whatever HDF5, zarr or anndata raise at bytes that are not what they should be."""
    try:
        yield
    except (UserError, AssertionError, MemoryError):
        raise
    except PermissionError:
        raise UserError(f"{path}: permission denied at {what}; expected a file that you may read") from None
    except Exception as error:
        raise UserError(
            f"{path}: {what} cannot be read, so the file is probably cut short or damaged "
            f"({type(error).__name__}: {line(error)})"
        ) from error


def line(error: BaseException) -> str:
    """The first line of what an error says."""
    return next(iter(str(error).splitlines()), "").strip()


def is_group(element: Element) -> bool:
    """Whether it holds others by name, in HDF5 or zarr."""
    return hasattr(element, "keys")


def child(path: Path, group: Element, key: str) -> Element:
    """An element by its key; None where there is none.

    Raises: UserError at a link that leads nowhere.
    """
    if not is_group(group) or key not in group:
        return None
    full = "/".join(filter(None, (where(group), key)))
    try:
        return group[key]
    except (KeyError, OSError) as error:
        link = group.get(key, getlink=True) if isinstance(group, h5py.Group) else None
        if isinstance(link, h5py.ExternalLink):
            to = f"{link.path} in {link.filename}"
        elif isinstance(link, h5py.SoftLink):
            to = link.path
        else:
            raise UserError(f"{path}: {full} cannot be opened, the file may be damaged ({line(error)})") from None
        raise UserError(f"{path}: {full} is a link to {to}, which is not there") from None


def attribute(path: Path, element: Element, name: str) -> str | None:
    """A text attribute, whether of variable or of fixed length (bytes); None where there is none.

    Raises: UserError when it is not one text.
    """
    if name not in element.attrs:
        return None
    with legible(path, f"attribute {name}"):
        value = np.asarray(element.attrs[name]).ravel().tolist()
    value = value[0] if len(value) == 1 else value
    if isinstance(value, bytes) and _is_utf8(value):
        value = value.decode()
    if not isinstance(value, str):
        raise UserError(f"{path}: attribute {name} of {where(element)} is {value!r}; expected one text in UTF-8")
    return value.rstrip("\x00")


def where(element: Element) -> str:
    """The key of an element in its file."""
    return str(element.name).strip("/")


def vector(path: Path, element: Element | None, what: str, length: int | None = None) -> Element:
    """Require an array of one dimension, of a length. Raises: UserError."""
    shape = getattr(element, "shape", None)
    if element is None or is_group(element) or shape is None or len(shape) != 1:
        found = "absent" if element is None else "a group" if is_group(element) else f"of shape {shape}"
        raise UserError(f"{path}: {what} is {found}; expected a list of values")
    if length is not None and shape[0] != length:
        raise UserError(f"{path}: {what} has {shape[0]} values; expected {length}")
    filters_known(path, element, what)
    return element


def pieces(element: Element) -> tuple[int, int]:
    """How many of its chunks lie in a zarr folder, and how many it should have; what is not there reads as zeros."""
    return getattr(element, "nchunks_initialized", 0), getattr(element, "nchunks", 0)


def filters_known(path: Path, element: Element, what: str) -> None:
    """Require that the compression of an HDF5 dataset can be undone here. Raises: UserError."""
    if not isinstance(element, h5py.Dataset):
        return
    plist = element.id.get_create_plist()
    for code, _, _, name in (plist.get_filter(i) for i in range(plist.get_nfilters())):
        if not h5py.h5z.filter_avail(code):
            with contextlib.suppress(ImportError):
                importlib.import_module("hdf5plugin")  # registers blosc, zstd, lz4, ... where it is installed
        if not h5py.h5z.filter_avail(code):
            label = name.decode(errors="replace") or "without a name"
            raise UserError(
                f"{path}: {what} is compressed with HDF5 filter {code} ({label}), which is not installed here; "
                f"`pip install hdf5plugin` adds the common ones, or write the file with gzip"
            )


def texts(values: ndarray, path: Path, what: str, first: int = 0) -> ndarray:
    """Text as objects, from text, bytes or numbers; `first`: the row that the first of them stands in.

    Raises: UserError at bytes that are not UTF-8.
    """
    if values.dtype.kind not in "OSUT":
        return values.astype(str).astype(object)
    found = values.tolist()
    try:
        return np.array([value.decode() if isinstance(value, bytes) else str(value) for value in found], dtype=object)
    except UnicodeDecodeError:
        place, value = next((place, value) for place, value in enumerate(found) if not _is_utf8(value))
        raise UserError(f"{path}: {what} holds {value!r} in row {first + place}; expected text in UTF-8") from None


def _is_utf8(value: Any) -> bool:
    return not isinstance(value, bytes) or value.decode(errors="replace").encode() == value
