"""What the work of a rule depends on: parts of the config, and which version of a user's file it reads.

Snakemake makes a result again when a param of its rule differs from the recorded one. So a param holds what the work
needs and no more: with another caption beside it, 34 GB would be read again.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from expressionvae.files import UserError
from expressionvae.strict import read_yaml

RESULTS = "results"
RECORDS = Path(RESULTS) / "downloads"  # what `download` writes of each file, which itself lies in data_dir


def part(entry: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """The entries of some keys, as far as there are any, in an order of their own: the file's means nothing."""
    return {key: ordered(entry[key]) for key in keys if key in entry}


def without(entry: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """All entries but those of some keys, in an order of their own."""
    return part(entry, *sorted(entry.keys() - set(keys)))


def ordered(value: Any) -> Any:
    """`value` with the keys of all its mappings in alphabetical order."""
    if isinstance(value, Mapping):
        return {key: ordered(value[key]) for key in sorted(value)}
    return [ordered(item) for item in value] if isinstance(value, list) else value


def version(path: str | Path) -> list[int] | None:
    """Size (bytes) and time (ns since 1970) of a user's file, or of all in a folder; None where there is none (yet).

    A copy that keeps its old date is told by this alone. None also of what a rule makes, which Snakemake watches.
    Of the record of a download, the same of the file that it tells of, once another stands in that file's place; None
    while it is the recorded one, or has been removed after use.
    """
    path = Path(path)
    if path.parts[0] != RESULTS:
        return _stamp(path)
    if path.parent != RECORDS:
        return None
    if not path.is_file():
        return None
    try:
        record = read_yaml(path)
        found = _stamp(Path(record["path"]))
        return found if found and found != [record["bytes"], record.get("mtime_ns", found[1])] else None
    except (UserError, KeyError, TypeError):  # the job that reads it says that it is damaged
        return None


def _stamp(path: Path) -> list[int] | None:
    try:
        files = [path] if not path.is_dir() else [Path(top, name) for top, _, names in os.walk(path) for name in names]
        stats = [file.stat() for file in files]
    except OSError:
        return None
    return [sum(stat.st_size for stat in stats), max((stat.st_mtime_ns for stat in stats), default=0)]
