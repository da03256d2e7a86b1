"""Assembling a published screen: its split lists, its h5ad in chunks of rows, an ordered gene panel."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import anndata
import h5py
import numpy as np
import pandas as pd
from anndata.io import read_elem, sparse_dataset
from jaxtyping import Integer
from numpy import ndarray
from scipy.sparse import csr_matrix

from expressionvae.arrays import CountsColumn
from expressionvae.files import UserError, written

Rows = Integer[ndarray, "cell"]  # row numbers
Columns = Integer[ndarray, "panel"]  # column of each panel gene in a file, -1 when absent

ROWS = 2048  # cells read at a time: 80 MB of a dense file of 10,000 genes


@dataclass(frozen=True)
class Split:
    """A pair of scLDM's split files: the ordered gene panel, the labels of training, and what is held out."""

    genes: list[str]
    cell_types: list[str]
    perturbations: list[str]
    heldout_cell_type: str
    heldout: list[str]


def read_split(train_json: str | Path, test_json: str | Path, *, cell_type: str, perturbation: str) -> Split:
    """Read scLDM's split files (github.com/czi-ai/scldm, metadata/), with labels under the two given keys.

    Raises: UserError when a key is absent, the two panels differ, or not exactly one cell type is held out.
    """
    train, test = _labels(train_json, cell_type, perturbation), _labels(test_json, cell_type, perturbation)
    if train[0] != test[0] or len(set(train[0])) != len(train[0]):
        raise UserError(f"{test_json}: its gene panel is not that of {train_json}, or names a gene twice")
    if len(test[1]) != 1:
        raise UserError(f"{test_json}: holds out {cell_type} {test[1]}; expected exactly one")
    return Split(*train, test[1][0], test[2])


def _labels(path: str | Path, cell_type: str, perturbation: str) -> tuple[list[str], list[str], list[str]]:
    try:
        split = json.loads(Path(path).read_text())
        return split["genes"], split["labels"][cell_type], split["labels"][perturbation]
    except (OSError, ValueError, KeyError, TypeError) as error:
        expected = f"expected keys genes, labels.{cell_type}, labels.{perturbation}"
        raise UserError(f"{path}: not a split file ({type(error).__name__}: {error}); {expected}") from None


class Source:
    """A published h5ad, open for reading in pieces: single columns, counts by chunks of rows."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        try:
            self.file: Any = h5py.File(path, "r")  # Any: to h5py's types each key may be group, table or type
        except OSError as error:
            raise UserError(f"{path}: not an h5ad file that can be opened ({error})") from None

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *_) -> None:
        self.file.close()

    def names(self, frame: str) -> ndarray:
        """Index of obs or var, as strings."""
        return self.column(frame, self.file[frame].attrs["_index"])

    def column(self, frame: str, name: str) -> ndarray:
        """One column of obs or var, strings and categories as objects. Raises: UserError if absent."""
        group = self.file[frame]
        if name not in group:
            names = ", ".join(key for key in group if not key.startswith("_"))
            raise UserError(f"{self.path}: no column '{name}' in {frame}; it has {names}")
        values = group[name]
        if "categories" in values.attrs:  # categories as anndata wrote them before 0.8
            categories = np.asarray(read_elem(self.file[values.attrs["categories"]]))
            return categories[values[:]].astype(str).astype(object)
        values = pd.Series(cast(Any, read_elem(values))).to_numpy()
        return values if values.dtype.kind in "iuf" else values.astype(str).astype(object)

    def symbols(self) -> list[str]:
        """Gene symbols: the column `gene_name` if there is one, else the index, if not Ensembl ids."""
        names = self.column("var", "gene_name") if "gene_name" in self.file["var"] else self.names("var")
        if str(names[0]).startswith("ENSG"):
            raise UserError(f"{self.path}: var has Ensembl ids and no column 'gene_name'; expected symbols")
        return names.tolist()

    def counts(self, key: str = "X") -> "Counts":
        """The raw counts of X or of another matrix, e.g. layers/counts."""
        return Counts(self, key)


class Counts:
    """A matrix of raw counts on disk, dense or sparse, that is read in chunks of rows."""

    def __init__(self, source: Source, key: str):
        self.path, self.key = source.path, key
        stored = source.file[key]
        self.matrix: Any = sparse_dataset(stored) if isinstance(stored, h5py.Group) else stored
        if getattr(self.matrix, "format", None) == "csc":
            self.matrix = self.matrix.to_memory().tocsr()  # a column-wise file cannot be read by rows
        self.shape = self.matrix.shape

    def chunks(self, wanted: Rows | None = None) -> Iterator[tuple[ndarray, csr_matrix]]:
        """Yield (row numbers, their counts) in order, of all rows or of the wanted (sorted) ones.

        Raises: UserError at the first value that is negative or not whole.
        """
        wanted = np.arange(self.shape[0]) if wanted is None else wanted
        for start in range(0, self.shape[0], ROWS):
            rows = wanted[np.searchsorted(wanted, start) : np.searchsorted(wanted, start + ROWS)]
            if len(rows):
                chunk = csr_matrix(self.matrix[start : min(start + ROWS, self.shape[0])])[rows - start]
                bad = first_bad(chunk.data)
                if bad is not None:
                    where = f"{self.key} rows {start}-{start + ROWS}"
                    raise UserError(f"{self.path}: {where}: value {bad}; expected raw counts (whole, >= 0)")
                yield rows, chunk


def first_bad(values: CountsColumn) -> float | None:
    """The first value that is no count, or None."""
    bad = (values < 0) | (values != np.floor(values))
    return float(values[bad][0]) if bad.any() else None


def locate(symbols: Sequence[str], wanted: Sequence[str], symbol_map: Mapping[str, str]) -> Columns:
    """Column of each wanted gene: under its own, else its current, else its outdated name; -1 when absent.

    Of several columns of one symbol the first counts, as in scanpy's `var_names_make_unique`.
    """
    column = {symbol: i for i, symbol in reversed(list(enumerate(symbols)))}
    outdated = {new: old for old, new in symbol_map.items()}
    names = ((gene, symbol_map.get(gene), outdated.get(gene)) for gene in wanted)
    return np.array([next((column[n] for n in trio if n in column), -1) for trio in names], dtype=int)


def selector(columns: Columns, n_genes: int) -> csr_matrix:
    """Matrix [n_genes, panel] that cuts counts to the panel by multiplication; zeros for absent genes."""
    present = np.flatnonzero(columns >= 0)
    ones = np.ones(len(present), np.float64)
    return csr_matrix((ones, (columns[present], present)), shape=(n_genes, len(columns)))


def panel_columns(source: Source, genes: list[str], symbol_map: Mapping[str, str]) -> Columns:
    """`locate` for the panel, with a report of the genes that are absent. Raises: UserError when all are."""
    columns = locate(source.symbols(), genes, symbol_map)
    absent = [gene for gene, column in zip(genes, columns, strict=True) if column < 0]
    if len(absent) == len(genes):
        raise UserError(f"{source.path}: none of the {len(genes)} panel genes is in var; expected symbols")
    if absent:
        what = f"{len(absent)} of {len(genes)} panel genes absent, set to 0"
        print(f"{source.path.name}: {what}: {', '.join(absent)}")
    return columns


def screen(counts: csr_matrix, obs: pd.DataFrame, split: Split, *, name: str, control: str) -> anndata.AnnData:
    """A screen as rule `prepare` takes it: int32 CSR counts, typed obs, and the split's held-out list in uns.

    Raises: UserError when two cells have one name.
    """
    if not obs.index.is_unique:
        twice = obs.index[obs.index.duplicated()][0]
        raise UserError(f"{name}: cell '{twice}' occurs twice; cell names must be unique")
    counts = csr_matrix(counts.astype(np.int32))
    counts.eliminate_zeros()
    counts.sort_indices()
    obs = obs.astype({"cell_type": "category", "perturbation": "category", "library_size": np.float32})
    present = set(obs.loc[obs["cell_type"] == split.heldout_cell_type, "perturbation"])
    heldout = [label for label in split.heldout if label in present]
    about = {
        "name": name,
        "control": control,
        "heldout_cell_type": split.heldout_cell_type,
        "heldout": heldout,
    }
    return anndata.AnnData(counts, obs=obs, var=pd.DataFrame(index=split.genes), uns={"split": about})


def save(adata: anndata.AnnData, path: str | Path) -> None:
    """Write a screen, whole or not at all."""
    with written(path) as tmp:
        adata.write_h5ad(tmp, compression="lzf")


def differences(found: set[str], listed: set[str], what: str) -> list[str]:
    """Print and return what is listed but absent; say also when nothing differs."""
    lost = sorted(listed - found)
    extra = sorted(found - listed)
    absent = f"; absent: {', '.join(lost)}" if lost else ""
    print(f"{what}: {len(listed & found)} of {len(listed)} listed are here{absent}")
    if extra:
        print(f"{what}: {len(extra)} not listed, left out: {', '.join(extra)}")
    return lost
