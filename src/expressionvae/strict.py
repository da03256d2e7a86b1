"""YAML files read strictly: what YAML allows and nobody means is refused."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from expressionvae.files import UserError

# libyaml where it is: every job of a cluster reads these files again, and Python's parser takes ten times as long.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_OTHER_BASE = re.compile(r"[-+]?0[0-7_]+|[^:]*:.*")  # as YAML 1.1 has it: 0123 is octal, 1:30 has the base 60


def read_yaml(path: str | Path) -> Any:
    """Plain data of a YAML (or JSON) file.

    Raises:
        UserError: if the file cannot be read, is no YAML, has a key twice in one mapping, where YAML would silently
            keep the last, or a number in another base than ten by its zeros or colons; naming file, key and lines.
    """
    node = compose(path)
    try:
        data = None if node is None else _Loader("").construct_document(node)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: no date, such as 2024-13-01
        raise UserError(f"{path}: no YAML: {' '.join(str(error).split())}") from None
    _refuse(path, [] if node is None else _misread(node, "", set()))
    return data


def compose(path: str | Path) -> yaml.Node | None:
    """The nodes of a YAML file, whose scalars are still as they stand in it; None of an empty one. Raises: as above."""
    try:
        node = _Loader(Path(path).read_text(encoding="utf-8")).get_single_node()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: no UTF-8
        raise UserError(f"{path}: no YAML: {' '.join(str(error).split())}") from None
    _refuse(path, [] if node is None else _twice(node, "", set()))
    return node


def _refuse(path: str | Path, lines: Iterator[str] | list[str]) -> None:
    if said := "\n  ".join(f"{path}: {line}" for line in lines):
        raise UserError(said)


def _twice(node: yaml.Node, where: str, seen: set[int]) -> Iterator[str]:
    """One line for each key that stands twice."""
    lines: dict[tuple[str, str], int] = {}
    for key, value, name in _children(node, where, seen):
        if key is not None:
            same, line = (key.tag, str(key.value)), key.start_mark.line + 1
            if same in lines:
                yield f"key '{name}' stands twice, in lines {lines[same]} and {line}; keep one of them"
            lines[same] = line
        yield from _twice(value, f"{name}.", seen)


def _misread(node: yaml.Node, where: str, seen: set[int]) -> Iterator[str]:
    """One line for each number that is not the one that stands there."""
    for _, value, name in _children(node, where, seen):
        number = value.tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
        if number and _OTHER_BASE.fullmatch(value.value):
            said = f"{value.value} (line {value.start_mark.line + 1}) as {_Loader('').construct_document(value)}"
            yield f"key '{name}': YAML reads {said}; quote a text, write a number plainly"
        yield from _misread(value, f"{name}.", seen)


def _children(node: yaml.Node, where: str, seen: set[int]) -> Iterator[tuple[yaml.Node | None, yaml.Node, str]]:
    """(key, value, dotted name) of what a node holds; an anchor's node, which hangs in several places, only once."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        yield from ((None, item, f"{where}{number}") for number, item in enumerate(node.value))
    elif isinstance(node, yaml.MappingNode):
        yield from ((key, value, f"{where}{key.value}") for key, value in node.value)
