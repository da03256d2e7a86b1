"""The form of the list of downloads (`resources/downloads.yaml`): what an entry must and may say."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from expressionvae.config import unknown_key
from expressionvae.data.transfer import ALGORITHMS, Entry
from expressionvae.files import UserError, reading, require
from expressionvae.strict import read_yaml

REQUIRED = ("url", "file", "licence", "citation")
STATED = ("cells", "genes", "controls", "donor_cells")  # of what is in a file
NUMBERS = (*STATED, "bytes", "width")
KEYS = (*REQUIRED, *ALGORITHMS, *NUMBERS, "api", "pick", "leave_out", "obs", "release_url", "other_names")
DIGITS = {"md5": 32, "sha256": 64}


def read_downloads(path: str | Path) -> dict[str, dict[str, Any]]:
    """The list of downloads: name -> entry; the list itself says what each key means.

    Raises: UserError when the file is missing or no such list, an entry lacks a key or has an unknown one, a file would
    lie outside its folder, a checksum or number is none, or two entries have one file name.
    """
    with reading(path, "a list of downloads", "resources/downloads.yaml is one"):
        entries = read_yaml(path)
        sound = isinstance(entries, dict) and all(isinstance(entry, dict) for entry in entries.values())
        require(sound, "it is not made of names, each with its keys")
    mistakes = [f"entry '{name}'{said}" for name, entry in entries.items() for said in _mistakes(entry)]
    if mistakes:
        raise UserError(f"{path}: " + "".join(f"\n  {said}" for said in mistakes).lstrip("\n "))
    files = [entry["file"] for entry in entries.values()]
    if len(set(files)) < len(files):
        raise UserError(f"{path}: two entries have one file name")
    return entries


def stated(entries: Mapping[str, Entry], prefix: str) -> dict[str, dict[str, int]]:
    """The numbers that a list states of some of its files, by the rest of their names."""
    told = {name.removeprefix(prefix): entry for name, entry in entries.items() if name.startswith(prefix)}
    return {name: {key: entry[key] for key in STATED if key in entry} for name, entry in told.items()}


def _mistakes(entry: Entry) -> Iterator[str]:
    yield from (unknown_key("", key, KEYS) for key in entry if key not in KEYS)
    if absent := [key for key in REQUIRED if key not in entry]:
        yield f" lacks {', '.join(absent)}"
    name = entry.get("file", "x")
    if not isinstance(name, str) or not re.fullmatch(r"[^./\\{}\s][^/\\{}\x00-\x1f]*", name):
        yield f": file is {name!r}; expected the plain name of a file in data_dir, without a folder"
    stated = {key: entry[key] for key in entry if entry[key] is not None}  # null: not known
    for key in {*DIGITS} & {*stated}:
        if not re.fullmatch(f"[0-9a-fA-F]{{{DIGITS[key]}}}", str(stated[key])) or not isinstance(stated[key], str):
            yield f": {key} is {stated[key]!r}; expected {DIGITS[key]} hexadecimal digits, in quotes"
    for key in [key for key in NUMBERS if key in stated]:
        if type(stated[key]) is not int or stated[key] < 0:
            yield f": {key} is {stated[key]!r}; expected a whole number"
    for key in [key for key in ("other_names", "obs") if key in stated]:
        if not isinstance(stated[key], list) or not all(isinstance(name, str) for name in stated[key]):
            yield f": {key} is {stated[key]!r}; expected a list of names"
    if "api" in stated and "pick" not in stated:
        yield " has an api and no pick, which says which of the record's files is wanted"
