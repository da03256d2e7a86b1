"""What a label means: the condition that it names, however it is spelled.

`A`, `A ` and, joined by `+`, `ctrl+A` and `A+ctrl` are one condition. Held out under one spelling it would stay in
training under the other, so that two spellings are an error, or are made one.
"""

import fnmatch
import logging
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from jaxtyping import Bool
from numpy import ndarray

from expressionvae.files import UserError
from expressionvae.nearest import nearest

log = logging.getLogger(__name__)

ON_ALIAS = ("stop", "merge")
JOINERS = "+|&;,"  # what may join two genes in a label where config key separator names nothing
DOUBTFUL = {"na", "n/a", "none", "null"}  # labels, or missing values that were saved as text: nobody can tell
LISTED = 12  # groups named in a message
Meaning = Callable[[str], tuple[str, ...]]
Unquoted = str | bool | int | float  # a label in the config, where quotes may have been forgotten


@lru_cache(1 << 16)
def plain(label: str) -> str:
    """The text of a label: one form of each character, one kind of dash, single blanks, nothing invisible.

    Unicode's compatibility form (NFKC), by which a micro sign is the Greek letter and a non-breaking space a space.
    """
    if not (label.isascii() and label.isprintable()):
        label = "".join(map(_character, unicodedata.normalize("NFKC", label)))
        label = unicodedata.normalize("NFKC", label)
    return " ".join(label.split())


def _character(character: str) -> str:
    kind = unicodedata.category(character)
    if kind == "Pd" or character == "\N{MINUS SIGN}":
        return "-"
    invisible = kind == "Cf" or (kind == "Cc" and not character.isspace())
    return "" if invisible else character


def genes(label: str, *, control: str, separator: str | None) -> list[str]:
    """Genes that a label perturbs, sorted, each once: none for the control, several if `separator` joins them (A+B).

    The control's part (A+ctrl) is no gene, even where its own name holds the separator.
    """
    text, none = plain(label), plain(control)
    if text == none:
        return []
    if not separator:
        return [text]
    joint = plain(separator) or " "
    parts, unit = _parts(text, joint), _parts(none, joint)
    if len(set(unit)) == 1:  # ctrl, or ctrl+ctrl
        return sorted({*parts} - {*unit})
    while unit and (at := _place(parts, unit)) is not None:
        del parts[at : at + len(unit)]
    return sorted({*parts})


def _parts(text: str, joint: str) -> list[str]:
    return [part.strip() for part in text.split(joint) if part.strip()]


def _place(parts: list[str], unit: list[str]) -> int | None:
    starts = range(len(parts) - len(unit) + 1)
    return next((at for at in starts if parts[at : at + len(unit)] == unit), None)


def perturbation(control: str, separator: str | None) -> Meaning:
    """What a perturbation's label means: the genes that it perturbs."""
    return lambda label: tuple(genes(label, control=control, separator=separator))


def text(label: str) -> tuple[str]:
    """What any other label means, such as that of a cell type."""
    return (plain(label),)


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


def aliases(labels: Iterable[str], meaning: Meaning) -> list[list[str]]:
    """Groups of different labels with one meaning, sorted."""
    groups = defaultdict(set)
    for label in labels:
        groups[meaning(label)].add(label)
    return sorted(sorted(group) for group in groups.values() if len(group) > 1)


def unquoted(value: Unquoted, labels: Iterable[str]) -> str:
    """The label that a value of the config means which stands there without quotes: the one that YAML reads alike.

    So `true` is the label True of a column of truths, and 1 that of a column of whole numbers; the text of `value`
    where no label is read so.
    Raises: UserError where several are (yes and true).
    """
    if isinstance(value, str):
        return value
    same = [label for label in sorted(set(labels)) if _read_alike(value, label)]
    if len(same) > 1:
        raise UserError(f"config: {value!r} without quotes may be {' or '.join(map(shown, same))}: quote the one meant")
    return same[0] if same else str(value)


def _read_alike(value: bool | int | float, label: str) -> bool:
    try:
        read = yaml.safe_load(label)
    except (yaml.YAMLError, ValueError):  # ValueError: no date
        return False
    return read == value and isinstance(read, int | float) and isinstance(read, bool) == isinstance(value, bool)


def spelled(name: Unquoted, labels: Iterable[str], meaning: Meaning = text) -> str:
    """The label that a name in the config means, quoted or not; the name itself where there is none."""
    labels = sorted(set(labels))
    name = unquoted(name, labels)
    if name in labels:
        return name
    found = next((label for label in labels if meaning(label) == meaning(name)), name)
    if found != name:
        log.info(f"{shown(name)} of the config is {shown(found)} in the file")
    return found


def shown(label: str) -> str:
    """A label in quotes; where something in it cannot be seen or be told apart, with Unicode escapes."""
    return f"'{label}'" if plain(label) == label else ascii(label)


def like(name: str, labels: Iterable[str]) -> str:
    """The end of a message on an unknown label: the one nearest to it; nothing where none is near."""
    read = {plain(label): label for label in sorted(set(labels), reverse=True)}
    near = nearest(plain(name), read)
    return "" if near is None else f"; did you mean {shown(read[near])}?"


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
