"""A reversion screen of any size, checked by its labels and cut to an encoder's genes in one pass over the file."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from expressionvae.data.assembly import differing, stop_or_warn
from expressionvae.data.checks import no_label, some, totals
from expressionvae.data.frames import Rows
from expressionvae.data.h5ad import Source
from expressionvae.data.labels import like, plain, spelled
from expressionvae.data.matrix import matrix_key
from expressionvae.data.reversion_screen import ReversionScreen
from expressionvae.data.spellings import refuse_aliases
from expressionvae.data.streaming import slice_h5ad
from expressionvae.files import UserError

log = logging.getLogger(__name__)

_MADE_UP = {  # what `madeup_reversion.simulate` writes
    "target_column": "target", "condition_column": "condition", "gene_column": None, "layer": None,
    "library_column": None, "treated": "treated", "untreated": "untreated", "control": "non-targeting", "leave_out": [],
}  # fmt: skip
_NO_ROWS = np.zeros(0, dtype=int)


@dataclass(frozen=True)
class Wanted:
    """Which cells of a screen are used, and where it keeps what: the keys of an entry of config reversion.screens."""

    target_column: str
    condition_column: str
    gene_column: str | None  # None: `gene_name`, else var's index
    layer: str | None  # None: the first matrix that holds raw counts
    library_column: str | None  # None: the sum over the file's genes
    treated: str  # a condition's label, or, where none is equal, a shell pattern
    untreated: str
    control: str
    leave_out: Sequence[str]  # other kinds of control
    positives: Sequence[str]
    min_cells: int

    @classmethod
    def of(cls, path: str | Path, entry: Mapping[str, Any]) -> "Wanted":
        """What an entry says; a made-up screen carries its own positives."""
        if entry["kind"] == "made-up":
            with Source(path) as source:
                entry = {**_MADE_UP, "min_cells": entry["min_cells"], "positives": source.about("positives").tolist()}
        return cls(**{field.name: entry[field.name] for field in fields(cls)})


def slice_screen(
    path: str | Path,
    output: str | Path,
    genes: Sequence[str],
    wanted: Wanted,
    *,
    symbol_map: Mapping[str, str],
    stated: Mapping[str, Any] | None = None,
    on_difference: str = "stop",
) -> None:
    """Write the cells in use on the genes of an encoder (zeros for those that the file lacks), for `reversion.read`.

    Cells of other conditions, and cells without a target in use, are left out. What is left out or absent is
    printed; uns["slice"] names the absent genes. Everything but the counts is checked before any is read. Library
    sizes are those of the whole file, or of the column that the screen names; obs `median_library` is their median over
    the cells in use, to which these are normalised. Holds one block of cells at a time.

    stated: numbers that must hold of the file: cells, genes. on_difference: "stop" or "report" where they do not.

    Raises:
        UserError: when the file, a column, the layer, a condition, the untreated control or every positive or gene
            is missing, or a value is no raw count; then nothing is written.
    """
    with Source(path) as source:
        found = {"cells": source.n_cells, "genes": source.n_genes}
        stop_or_warn(differing(source.path.name, found, stated or {}), on_difference)
        rows, treated, screen = in_use(source, wanted)
        key = matrix_key(wanted.layer) if wanted.layer else None
        if key:
            source.matrix(key)
        if wanted.library_column:
            _check_library(source, wanted.library_column, rows)
    names = {"treated": treated, "positives": screen.positives}
    about = {name: np.array(labels, dtype=object) for name, labels in names.items()}
    slice_h5ad(
        path,
        output,
        genes,
        labels={"target": wanted.target_column, "condition": wanted.condition_column},
        symbol_map=symbol_map,
        gene_column=wanted.gene_column,
        key=key,
        library_column=wanted.library_column,
        rows=rows,
        uns={"reversion": {**about, "control": screen.control, "min_cells": screen.min_cells}},
    )
    with Source(output) as sliced:
        empty = int((np.diff(sliced.file["X/indptr"][:]) == 0).sum())
    if empty:
        log.info(f"{screen.path.name}: {empty} of {len(rows)} cells have no count on the panel at all")


def in_use(source: Source, wanted: Wanted) -> tuple[Rows, list[str], ReversionScreen]:
    """Check a screen's labels: rows of the cells in use, the conditions that are treated, and the screen of them.

    What the config names is found under any spelling (`labels.plain`).

    Raises: UserError when a column, a condition, the untreated control or every positive is missing, or a target or
    a condition in use has two spellings.
    """
    target = source.labels("obs", wanted.target_column, "target_column", needed=_NO_ROWS)
    condition = source.labels("obs", wanted.condition_column, "condition_column", needed=_NO_ROWS)
    treated, untreated = _conditions(source.path, condition, wanted)
    away = {plain(name) for name in wanted.leave_out}
    left_out = [label for label in target.categories if plain(label) in away]
    unused = target.isin([*target.categories[no_label(target.categories)], *left_out]) | target.isna()
    refuse_aliases(source.path, wanted.target_column, pd.Series(target[~unused]))
    refuse_aliases(source.path, wanted.condition_column, pd.Series(condition[~condition.isna()]))
    rows = np.flatnonzero(condition.isin([*treated, *untreated]) & ~unused)
    if len(rows) < len(target):
        log.info(f"{source.path.name}: {len(rows)} of {len(target)} cells are of the two conditions and have a target")
    labels, is_treated = np.asarray(target[rows], dtype=object), np.asarray(condition[rows].isin(treated))
    screen = ReversionScreen(source.path, labels, is_treated, spelled(wanted.control, labels), [], wanted.min_cells)
    _check_control(screen, wanted.target_column)
    positives = _positives(screen, [spelled(name, labels) for name in wanted.positives])
    return rows, treated, replace(screen, positives=positives)


def _conditions(path: Path, condition: pd.Categorical, wanted: Wanted) -> tuple[list[str], list[str]]:
    """For each of the two names the label that it is, else the labels that match it as a pattern."""
    there = condition.remove_unused_categories().categories
    known = sorted(there[~no_label(there)])
    found = []
    for key, pattern in (("treated", wanted.treated), ("untreated", wanted.untreated)):
        found.append(_matching(known, pattern, path.name))
        if not found[-1]:
            raise UserError(
                f"{path}: no cell has condition '{pattern}' (config key {key}) in obs column "
                f"'{wanted.condition_column}'; its conditions are {some(known)}{like(pattern, known)}"
            )
    if both := sorted(set(found[0]) & set(found[1])):
        raise UserError(
            f"{path}: condition '{both[0]}' is both treated ('{wanted.treated}') and untreated ('{wanted.untreated}')"
        )
    return found[0], found[1]


def _matching(known: Sequence[str], pattern: str, where: str) -> list[str]:
    """The label that is `pattern` under any spelling, else those that match it as a shell pattern.

    `X` and `X_*` stand for each other where the one that is written finds none: labels are joined by an underscore to
    what follows (Treated_TRADD) in some tables of a screen, and stand alone in others.
    """
    other = pattern.removesuffix("_*") if pattern.endswith("_*") else f"{pattern}_*"
    for form in (pattern, other):
        label = spelled(form, known)
        found = [label] if label in known else [name for name in known if fnmatchcase(name, form)]
        if found:
            if form == other:
                log.info(f"{where}: no condition is '{pattern}'; those of '{other}' are taken: {', '.join(found)}")
            return found
    return []


def _check_control(screen: ReversionScreen, column: str) -> None:
    resting = int(screen.resting.sum())
    if not (screen.target == screen.control).any():
        raise UserError(
            f"{screen.path}: no cell has the control label '{screen.control}' (config key control) in obs column "
            f"'{column}'; targets are {some(sorted(set(screen.target)))}"
            f"{like(screen.control, screen.target)}"
        )
    if resting < screen.min_cells:
        raise UserError(
            f"{screen.path}: {resting} untreated cells of control '{screen.control}'; at least {screen.min_cells} "
            "(config key min_cells) are needed, since targets are ranked by their distance from them"
        )


def _positives(screen: ReversionScreen, wanted: Sequence[str]) -> list[str]:
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
        log.info(f"{screen.path.name}: {len(absent)} of {len(wanted)} positives lack treated cells: {some(absent)}")
    return here


def _check_library(source: Source, column: str, rows: Rows) -> None:
    library = source.numbers("obs", column, "library_column")[rows]
    if not (library > 0).all():
        raise UserError(
            f"{source.path}: obs column '{column}' (config key library_column) is not above 0 in every cell"
        )
    totals(source.path, library, column, lambda row: source.names("obs", rows[[row]])[0])
