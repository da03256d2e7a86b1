"""The labels of a file's cells: which cells are left out by them, and one spelling of each label of the others."""

import fnmatch
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool
from numpy import ndarray

from expressionvae.data.labels import (
    JOINERS,
    Meaning,
    Unquoted,
    aliases,
    like,
    perturbation,
    plain,
    shown,
    text,
    unquoted,
)
from expressionvae.files import UserError

log = logging.getLogger(__name__)

ON_ALIAS = ("stop", "merge")
DOUBTFUL = {"na", "n/a", "none", "null"}  # labels, or missing values that were saved as text: nobody can tell
LISTED = 12  # groups named in a message


def dropped(path: Path, labels: pd.Series, drop: Sequence[Unquoted | None], control: Unquoted) -> Bool[ndarray, "cell"]:
    """Which cells are left out by their labels, said with their numbers.

    drop: labels, quoted or not; where none is equal, shell patterns (`*` any text, `?` one sign, `[ab]` one of these);
    None: cells without a label.
    Raises: UserError for one that fits no cell, or the control.
    """
    sizes, there = _sizes(labels), np.zeros(len(labels), bool)
    blank = pd.isna(labels).to_numpy() | labels.map(lambda label: plain(str(label)) in ("", "nan", "<NA>")).to_numpy()
    for entry in drop:
        found = [] if entry is None else _fitting(unquoted(entry, sizes), sizes)
        which = blank if entry is None else labels.isin(found).to_numpy()
        if not which.any():
            what = "has no label" if entry is None else f"has a perturbation like {str(entry)!r}"
            raise UserError(f"{path}: no cell {what} (config key drop){like(str(entry), sizes)}")
        if unquoted(control, sizes) in found:
            raise UserError(f"{path}: config key drop names {str(entry)!r}, which the control {str(control)!r} fits")
        names = "without a label" if entry is None else "of " + ", ".join(map(shown, found[:LISTED]))
        more = f" and {len(found) - LISTED} more" if len(found) > LISTED else ""
        log.info(f"{path}: left out {int(which.sum())} of {len(labels)} cells {names}{more} (config key drop)")
        there |= which
    return there


def _fitting(name: str, labels: Iterable[str]) -> list[str]:
    """The label that a name is, or else means, or else those that it fits as a pattern."""
    labels = sorted(labels)
    same = [label for label in labels if label == name] or [label for label in labels if plain(label) == plain(name)]
    return same or [label for label in labels if fnmatch.fnmatchcase(label, name)]


def one_spelling(
    path: Path,
    cells: pd.DataFrame,
    *,
    control: str,
    separator: str | None,
    on_alias: str,
    named: Iterable[str] = (),
) -> pd.DataFrame:
    """Return the cells (columns cell_type, perturbation) with one spelling for each condition and each cell type.

    on_alias: "merge" gives all spellings of a condition the one of config key control, else the one of most cells;
    "stop" refuses them. Labels that differ by case alone, and those that may stand for a missing value unless the
    config has `named` them, are a warning.

    Raises: UserError naming the spellings and their numbers of cells.
    """
    assert on_alias in ON_ALIAS
    of_case = perturbation(control.casefold(), separator and separator.casefold())
    meanings = {"cell_type": (text, text), "perturbation": (perturbation(control, separator), of_case)}
    for column, (meaning, caseless) in meanings.items():
        sizes = _sizes(cells[column])
        if same := aliases(sizes, meaning):
            said = f"{path}: {_under_several(column, same, sizes, control)}"
            if on_alias == "stop":
                raise UserError(
                    f"{said}; held out under one name, a condition would be trained on under the other: rename them "
                    "in the file, or set config key on_alias to merge"
                )
            log.info(f"{said}; each group is given its first spelling")
            first = {label: _ordered(group, sizes, control)[0] for group in same for label in group}
            spelled_alike = [first.get(label, str(label)) for label in cells[column]]
            cells = cells.assign(**{column: pd.Series(spelled_alike, cells.index, dtype=object)})
            sizes = _sizes(cells[column])
        if column == "perturbation" and not separator:
            _refuse_unsplit(path, sizes, control)
        _warn(path, column, sizes, caseless, {control, *named})
    return cells


def refuse_aliases(path: Path, column: str, labels: pd.Series) -> None:
    """Refuse two spellings of one label in a column of obs. Raises: UserError."""
    sizes = _sizes(labels)
    if same := aliases(sizes, text):
        raise UserError(f"{path}: {_under_several(column, same, sizes)}; rename them in the file")
    _warn(path, column, sizes, text, set())


def _sizes(labels: pd.Series) -> dict[str, int]:
    sizes = labels.value_counts()
    return {str(label): int(number) for label, number in sizes[sizes > 0].items()}


def _under_several(column: str, same: list[list[str]], sizes: Mapping[str, int], control: str = "") -> str:
    """What is wrong, in each group first the spelling that would be kept."""
    groups = [[f"{shown(name)} ({sizes[name]} cells)" for name in _ordered(group, sizes, control)] for group in same]
    listed = ", ".join(" and ".join(group) for group in groups[:LISTED])
    more = f" and {len(groups) - LISTED} more" if len(groups) > LISTED else ""
    return f"obs {column} has one label under several spellings: {listed}{more}"


def _ordered(group: Iterable[str], sizes: Mapping[str, int], control: str) -> list[str]:
    return sorted(group, key=lambda label: (label != control, -sizes[label], label))


def _refuse_unsplit(path: Path, sizes: Mapping[str, int], control: str) -> None:
    """Refuse A+B beside B+A where nothing says that + joins two genes."""
    for joint in JOINERS:
        whole = [label for label in sizes if all(part.strip() for part in plain(label).split(joint))]
        if same := aliases(whole, perturbation(control, joint)):
            raise UserError(
                f"{path}: {_under_several('perturbation', same, sizes, control)}, if '{joint}' joins two genes; set "
                f"config key separator to '{joint}' (and on_alias to merge), or rename those that differ in meaning"
            )


def _warn(path: Path, column: str, sizes: Mapping[str, int], caseless: Meaning, named: set[str]) -> None:
    for group in aliases(sizes, lambda label: caseless(plain(label).casefold())):
        names = " and ".join(f"{shown(label)} ({sizes[label]} cells)" for label in group)
        _say(path, f"obs {column}: {names} differ by upper and lower case alone and count as different labels")
    for label in sizes:
        if plain(label).casefold() in DOUBTFUL and label not in named:
            _say(path, f"obs {column}: {shown(label)} ({sizes[label]} cells) counts as a label, not as a missing one")


def _say(path: Path, what: str) -> None:
    log.warning(f"{path}: {what}")
