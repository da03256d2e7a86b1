"""A reversion screen: knock-downs with and without a stimulus, read in pieces and cut to an encoder's genes.

The screen is never trained on. Some targets (`positives`) are known to undo the stimulus when they are lost.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool
from numpy import ndarray
from scipy.sparse import csr_matrix

from expressionvae.arrays import Library
from expressionvae.data.assembly import Source, locate, selector
from expressionvae.data.checks import some
from expressionvae.files import UserError

_MADE_UP = {  # what `madeup_reversion.simulate` writes
    "target_column": "target", "condition_column": "condition", "gene_column": None, "layer": None,
    "library_column": None, "treated": "treated", "untreated": "untreated", "control": "non-targeting", "leave_out": [],
}  # fmt: skip


@dataclass(frozen=True)
class Columns:
    """Where a screen keeps its labels; None: genes in var's index, counts in X, library = sum over the file's genes."""

    target: str
    condition: str
    gene: str | None
    layer: str | None
    library: str | None


@dataclass(frozen=True)
class Screen:
    """The labels of a reversion screen's cells; the counts stay in the file until `panel` reads them.

    Attributes:
        path, columns: the file, and where it keeps what.
        rows: row number in the file of each cell that is used, rising [cell].
        target: label of each of them [cell].
        treated: whether it saw the stimulus [cell].
        control: label of the cells whose target is none.
        positives: the targets that should undo the stimulus, of those that have cells enough.
        min_cells: fewest cells of a target in a condition; smaller ones are in no score.
    """

    path: Path
    columns: Columns
    rows: ndarray
    target: ndarray
    treated: Bool[ndarray, "cell"]
    control: str
    positives: list[str]
    min_cells: int

    def scored(self, treated: bool) -> Bool[ndarray, "cell"]:
        """Which cells of a condition have a target (not the control) with `min_cells` of them."""
        here = (self.treated == treated) & (self.target != self.control)
        labels, sizes = np.unique(self.target[here], return_counts=True)
        return here & np.isin(self.target, labels[sizes >= self.min_cells])

    @property
    def resting(self) -> Bool[ndarray, "cell"]:
        """Which cells are untreated controls: the state that a reverting target brings cells back to."""
        return ~self.treated & (self.target == self.control)


@dataclass(frozen=True)
class Block:
    """Some cells, cut to a panel: CSR float32 counts [cell gene] and library sizes over the screen's own genes."""

    counts: csr_matrix
    full_library: Library


def read(
    path: str | Path,
    *,
    columns: Columns,
    treated: str,
    untreated: str,
    control: str,
    leave_out: Sequence[str],
    positives: Sequence[str],
    min_cells: int,
) -> Screen:
    """Read and check a screen's labels, without a count; print what is left out.

    treated, untreated: a condition's label, or a shell pattern such as `Treated_*`. leave_out: targets to drop
    (other kinds of control). Cells of other conditions, and cells without a target, are dropped.

    Raises:
        UserError: when the file, a column, a condition, the untreated control or every positive is missing.
    """
    path = Path(path)
    with Source(path) as source:
        target = source.column("obs", columns.target).astype(str)
        condition = source.column("obs", columns.condition).astype(str)
    is_treated, is_untreated = _conditions(path, condition, treated, untreated, columns.condition)
    labelled = ~np.isin(target, ["nan", "", *leave_out])
    rows = np.flatnonzero((is_treated | is_untreated) & labelled)
    if len(rows) < len(target):
        print(f"{path.name}: {len(rows)} of {len(target)} cells are of the two conditions and have a target in use")
    arguments = (path, columns, rows, target[rows].astype(object), is_treated[rows], control)
    screen = Screen(*arguments, positives=[], min_cells=min_cells)
    _check_control(screen)
    return Screen(*arguments, positives=_positives(screen, positives), min_cells=min_cells)


def read_entry(path: str | Path, entry: Mapping[str, Any]) -> Screen:
    """`read` with the keys of an entry of the config's `reversion.screens`; a made-up screen carries its own."""
    if entry["kind"] == "made-up":
        entry = _MADE_UP | {"positives": _made_up_positives(path), "min_cells": entry["min_cells"]}
    keys = ("target_column", "condition_column", "gene_column", "layer", "library_column")
    columns = Columns(*(entry[key] for key in keys))
    others = ("treated", "untreated", "control", "leave_out", "positives", "min_cells")
    return read(path, columns=columns, **{key: entry[key] for key in others})


def panel(screen: Screen, genes: Sequence[str], symbol_map: Mapping[str, str]) -> Iterator[Block]:
    """Yield the screen's cells in order, cut to `genes` (in that order), zeros for genes that the file lacks.

    What is lacking is printed. Some 2,048 cells are in memory at a time. Library sizes are those of the whole
    file, or of the column that the screen names.

    Raises:
        UserError: when no gene is found, the layer is missing, or values are not raw counts.
    """
    path, columns = screen.path, screen.columns
    with Source(path) as source:
        symbols = source.names("var") if columns.gene is None else source.column("var", columns.gene)
        cut = selector(_located(path, list(symbols), genes, symbol_map), len(symbols))
        library = None if columns.library is None else _library(path, source, columns.library)
        empty = 0
        for rows, counts in source.counts(_matrix(path, source, columns.layer)).chunks(screen.rows):
            sums = np.asarray(counts.sum(axis=1), dtype=np.float32).ravel()
            cells = csr_matrix(counts @ cut, dtype=np.float32)
            empty += int((np.diff(cells.indptr) == 0).sum())
            yield Block(cells, sums if library is None else library[rows])
    if empty:
        print(f"{path.name}: {empty} of {len(screen.rows)} cells have no count on the panel at all")


def _made_up_positives(path: str | Path) -> list[str]:
    with Source(path) as source:
        return [name.decode() for name in source.file["uns/positives"][:]]


def _conditions(
    path: Path, condition: ndarray, treated: str, untreated: str, column: str
) -> tuple[Bool[ndarray, "cell"], Bool[ndarray, "cell"]]:
    known = sorted(set(condition))
    parts = []
    for key, pattern in (("treated", treated), ("untreated", untreated)):
        labels = [label for label in known if fnmatchcase(label, pattern)]
        if not labels:
            raise UserError(
                f"{path}: no cell has condition '{pattern}' (config key {key}) in obs column '{column}'; "
                f"its conditions are {some(known)}"
            )
        parts.append(np.isin(condition, labels))
    if (parts[0] & parts[1]).any():
        both = condition[parts[0] & parts[1]][0]
        raise UserError(f"{path}: condition '{both}' is both treated ('{treated}') and untreated ('{untreated}')")
    return parts[0], parts[1]


def _check_control(screen: Screen) -> None:
    resting = int(screen.resting.sum())
    if not (screen.target == screen.control).any():
        labels = sorted(set(screen.target))
        raise UserError(
            f"{screen.path}: no cell has the control label '{screen.control}' (config key control) in obs column "
            f"'{screen.columns.target}'; targets are {some(labels)}"
        )
    if resting < screen.min_cells:
        raise UserError(
            f"{screen.path}: {resting} untreated cells of control '{screen.control}'; at least {screen.min_cells} "
            "(config key min_cells) are needed, since targets are ranked by their distance from them"
        )


def _positives(screen: Screen, wanted: Sequence[str]) -> list[str]:
    ranked = set(screen.target[screen.scored(treated=True)])
    here = [name for name in wanted if name in ranked]
    if not here:
        raise UserError(
            f"{screen.path}: none of the positives {some(wanted)} (config key positives) has {screen.min_cells} "
            f"treated cells; targets that have are {some(sorted(ranked))}"
        )
    if len(ranked) - len(here) < 2:
        raise UserError(
            f"{screen.path}: {len(ranked) - len(here)} targets beside the positives have {screen.min_cells} treated "
            "cells (config key min_cells); at least 2 are needed to rank the positives among"
        )
    if absent := [name for name in wanted if name not in ranked]:
        print(f"{screen.path.name}: {len(absent)} of {len(wanted)} positives lack treated cells: {some(absent)}")
    return here


def _located(path: Path, symbols: list[str], genes: Sequence[str], symbol_map: Mapping[str, str]) -> ndarray:
    columns = locate(symbols, genes, symbol_map)
    absent = [gene for gene, column in zip(genes, columns, strict=True) if column < 0]
    if len(absent) == len(genes):
        raise UserError(
            f"{path}: none of the encoder's {len(genes)} genes ({some(genes[:3])}) is in the file, which names "
            f"{some(symbols[:3])}; expected symbols (config key gene_column)"
        )
    if absent:
        print(f"{path.name}: {len(absent)} of the encoder's {len(genes)} genes are absent, set to 0: {some(absent)}")
    return columns


def _matrix(path: Path, source: Source, layer: str | None) -> str:
    key = "X" if layer is None else f"layers/{layer}"
    if key not in source.file:
        layers = list(source.file["layers"]) if "layers" in source.file else []
        raise UserError(f"{path}: no matrix {key} (config key layer); its layers are {some(layers)}")
    return key


def _library(path: Path, source: Source, column: str) -> Library:
    try:
        library = source.column("obs", column).astype(np.float32)
    except ValueError:
        raise UserError(f"{path}: obs column '{column}' (config key library_column) does not hold numbers") from None
    if not (library > 0).all():
        raise UserError(f"{path}: obs column '{column}' (config key library_column) is not above 0 in every cell")
    return library
