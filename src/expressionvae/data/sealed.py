"""h5ad files of ours, written so that they can prove to be what was written: chunk by chunk, and as a whole."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import anndata as ad
import h5py
import numpy as np
from anndata import AnnData
from anndata.experimental import write_dispatched
from scipy import sparse

from expressionvae.files import SEAL_BYTES, reading, require, seal, written

# HDF5 then keeps a checksum of each chunk, to which any reader holds it. It has none for structure and for text, which
# lies elsewhere in the file: so the file is sealed too.
CHECKED = {"fletcher32": True}
PARTS = ("layers", "obsm", "obsp", "varm", "varp")


def create(path: Path) -> h5py.File:
    """A new h5ad without content, and with room for a seal (`files.seal`, once it is closed)."""
    file = h5py.File(path, "w", userblock_size=SEAL_BYTES)
    file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
    return file


def put(group: h5py.Group, name: str, value: Any, **options: Any) -> None:
    """Write an element as anndata does, with a checksum wherever HDF5 can have one; options: of its datasets."""

    def one(write: Any, store: Any, key: str, element: Any, *, dataset_kwargs: Mapping[str, Any], **_: Any) -> None:
        write(store, key, element, dataset_kwargs={**dataset_kwargs, **(CHECKED if _chunks(element) else {})})

    write_dispatched(group, name, value, cast(Any, one), dataset_kwargs=options)


def _chunks(element: Any) -> bool:
    """Whether an element becomes datasets of numbers, and some of them: HDF5 cannot check others."""
    if sparse.issparse(element):
        return element.nnz > 0
    return isinstance(element, np.ndarray) and element.dtype.kind in "biuf" and element.size > 0


def write(path: str | Path, cells: AnnData, **options: Any) -> None:
    """Write cells as h5ad, whole or not at all; options: of its datasets, such as compression."""
    with written(path) as temporary:
        with create(temporary) as file:
            put(file, "X", cells.X, **options)
            tables = {"obs": cells.obs, "var": cells.var, "uns": dict(cells.uns)}
            for name, value in {**tables, **{part: dict(getattr(cells, part)) for part in PARTS}}.items():
                put(file, name, value, **options)
        seal(temporary)


def read(path: str | Path, what: str, *, obs: Sequence[str] = (), about: Sequence[str] = ()) -> AnnData:
    """Read cells whole: CSR on at least one gene, with these labels, and with these keys in uns["screen"].

    Raises:
        UserError: if the file is not that.
    """
    with reading(path, what):
        cells = ad.read_h5ad(path)
        require(isinstance(cells.X, sparse.csr_matrix) and cells.n_vars > 0, "X is no CSR matrix of some genes")
        for name in obs:
            require(name in cells.obs, f"obs has no column {name!r}")
        for name in about:
            require(name in cells.uns.get("screen", ()), f"uns['screen'] has no {name!r}")
    return cells
