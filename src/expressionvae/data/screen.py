"""A screen: single cells, each with a perturbation and a cell type, read from h5ad as published."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import anndata
import h5py
import numpy as np
import pandas as pd
from anndata import AnnData
from scipy.sparse import csr_matrix, vstack

from expressionvae.data import checks
from expressionvae.files import UserError

_BLOCK = 4096  # rows read at a time: bounds what a dense file of floats costs


@dataclass(frozen=True)
class Columns:
    """Where a screen keeps its labels; None: one cell type, genes in var's index, counts in X."""

    perturbation: str
    cell_type: str | None
    gene: str | None
    layer: str | None
    library: str | None

    @classmethod
    def of(cls, dataset: Mapping[str, Any]) -> "Columns":
        """Return the columns that a dataset's config names; what the workflow writes itself has always the same."""
        if dataset["kind"] == "local":
            keys = ("perturbation_column", "cell_type_column", "gene_column", "layer", "library_column")
            return cls(*(dataset[key] for key in keys))
        return cls("perturbation", "cell_type", None, None, None if dataset["kind"] == "made-up" else "library_size")


def labels(path: str | Path, *, columns: Columns) -> pd.DataFrame:
    """Return cell_type and perturbation (str) of every cell, without reading a count.

    Raises UserError when the file is absent or unreadable, a column is missing or has gaps, a cell or gene is
    named twice.
    """
    path = Path(path)
    source = _opened(path)
    try:
        _genes(path, source, columns)
        return _labels(path, source, columns)
    finally:
        source.file.close()


def read(path: str | Path, *, columns: Columns) -> AnnData:
    """Return a screen: X = CSR int32 counts, obs = cell_type, perturbation, library_size, var = genes.

    Cells without a single count are left out, and their number is printed: no rescaling is defined for them.
    Holds the non-zero counts (8 bytes each, twice while joining) in memory. Raises UserError as `labels`
    does, and when values are not raw counts.
    """
    path = Path(path)
    source = _opened(path)
    try:
        obs, genes = _labels(path, source, columns), _genes(path, source, columns)
        joined = vstack(list(_blocks(path, source, columns, genes)), format="csr")
        obs["library_size"] = _library(path, source, columns, np.asarray(joined.sum(axis=1)).ravel())
    except (OSError, RuntimeError, KeyError) as error:  # what HDF5 raises when a file ends too early
        raise UserError(
            f"{path}: the counts cannot be read, so the file is probably cut short or damaged ({error})"
        ) from error
    finally:
        source.file.close()
    screen = AnnData(X=joined, obs=obs, var=pd.DataFrame(index=genes))
    return without_empty(screen, f"{path}")


def counts(cells: AnnData) -> csr_matrix:
    """Return X, which is CSR in every file of ours."""
    assert isinstance(cells.X, csr_matrix)
    return cells.X


def table(cells: AnnData) -> pd.DataFrame:
    """Return obs as the data frame that it is when a file is read whole."""
    assert isinstance(cells.obs, pd.DataFrame)
    return cells.obs


def _library(path: Path, source: AnnData, columns: Columns, sums: np.ndarray) -> np.ndarray:
    if columns.library is None:
        return sums.astype(np.float32)
    checks.column(path, table(source), "obs", columns.library, "library_column")
    values = cast(pd.Series, source.obs[columns.library])
    checks.labelled(path, values, "obs")
    library = values.to_numpy(dtype=np.float32)
    checks.library(path, library, sums, source.obs_names, columns.library)
    return library


def without_empty(screen: AnnData, where: str) -> AnnData:
    """Return the cells that have a count, and say how many had none."""
    filled = np.diff(counts(screen).indptr) > 0
    if filled.all():
        return screen
    print(f"{where}: left out {int((~filled).sum())} of {len(filled)} cells, which have no count at all")
    return screen[filled].copy()


def _opened(path: Path) -> AnnData:
    if not path.is_file():
        raise UserError(f"{path}: no such file (config key path)")
    try:
        return anndata.read_h5ad(path, backed="r")
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"{path}: not a readable h5ad file; it may be cut short or of another format ({reason})"
        ) from error


def _labels(path: Path, source: AnnData, columns: Columns) -> pd.DataFrame:
    checks.unique(path, source.obs_names, "cell names")
    obs = pd.DataFrame(index=source.obs_names.astype(str))
    obs["cell_type"] = (
        _label(path, table(source), columns.cell_type, "cell_type_column") if columns.cell_type else "cells"
    )
    obs["perturbation"] = _label(path, table(source), columns.perturbation, "perturbation_column")
    return obs


def _label(path: Path, obs: pd.DataFrame, name: str, key: str) -> np.ndarray:
    checks.column(path, obs, "obs", name, key)
    values = cast(pd.Series, obs[name])
    checks.labelled(path, values, "obs")
    return values.astype(str).to_numpy(dtype=object)


def _genes(path: Path, source: AnnData, columns: Columns) -> pd.Index:
    genes = source.var_names
    if columns.gene is not None:
        var = cast(pd.DataFrame, source.var)
        checks.column(path, var, "var", columns.gene, "gene_column")
        symbols = cast(pd.Series, var[columns.gene])
        checks.labelled(path, symbols, "var")
        genes = pd.Index(symbols.astype(str))
    checks.unique(path, genes, "genes")
    return genes.astype(str).rename(None)


def _blocks(path: Path, source: AnnData, columns: Columns, genes: pd.Index) -> Iterator[csr_matrix]:
    where, values = "X", cast(Any, source.X)
    if columns.layer is not None:
        where = f"layer '{columns.layer}'"
        if columns.layer not in source.layers:
            raise UserError(f"{path}: no {where} (config key layer); its layers are {checks.some(list(source.layers))}")
        values = cast(Any, source.layers[columns.layer])
    if values is None:
        raise UserError(f"{path}: holds no matrix X")
    if not isinstance(values, h5py.Dataset | np.ndarray) and values.format == "csc":
        values = values[:].tocsr()  # columns on disk: a slice of rows would read the whole file each time
    for start in range(0, source.n_obs, _BLOCK):
        block = csr_matrix(values[start : start + _BLOCK])
        checks.raw_counts(path, block, source.obs_names[start : start + _BLOCK], genes, where)
        block = csr_matrix(block.astype(np.int32))
        block.sum_duplicates()
        block.eliminate_zeros()
        yield block
