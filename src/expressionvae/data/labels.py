"""What a label means: the condition that it names, however it is spelled.

`A`, `A ` and, joined by `+`, `ctrl+A` and `A+ctrl` are one condition. Held out under one spelling it would stay in
training under the other, so that two spellings are an error, or are made one.
"""

import logging
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import lru_cache

import yaml

from expressionvae.files import UserError
from expressionvae.nearest import nearest

log = logging.getLogger(__name__)

JOINERS = "+|&;,"  # what may join two genes in a label where config key separator names nothing
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
