"""What the folder of a baseline says of it: its about.yaml, held to baselines/README.md."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from expressionvae.config import unknown_key
from expressionvae.files import UserError
from expressionvae.sense import known
from expressionvae.strict import read_yaml

PAGE = "about.yaml"
KEYS = ("label", "authors", "paper", "licence", "source", "conditions_on", "device", "predicts", "emits")
KEYS += ("environment", "options")
SPACES = ("counts", "linear", "log1p")
EMITS = ("mean", "sample")
CHOICES = {"device": ("cpu", "gpu"), "predicts": SPACES, "emits": EMITS}
CONDITIONS = ("perturbation-learned", "perturbation-embedding", "cell-type", "control-cell")
OF_OPTION, OF_PAPER = ("value", "source", "meaning"), ("title",)  # keys that each has
ALSO_OF_OPTION, ALSO_OF_PAPER = ("stage", "learned", "same_as", "downloads", "clone"), ("doi", "url")
PROGRAMS = ("train.py", "predict.py")
WAYS = ("downloads", "clone")  # how the workflow brings the folder that an option names
BROUGHT = re.compile(r"results/brought/[a-z0-9-]+")  # its value as published


def read(root: Path, folder: str) -> dict[str, Any]:
    """The about.yaml of a baseline.

    Raises UserError, which names the file and the key, where it breaks baselines/README.md.
    """
    path = root / folder / PAGE
    page = read_yaml(path)
    if not isinstance(page, dict):
        raise UserError(f"{path}: expected the keys {', '.join(KEYS)}")
    _refuse_unknown(str(path), page, KEYS)
    _refuse_missing(str(path), page, KEYS)
    for key, allowed in CHOICES.items():
        known(f"{path}: {key}", [page[key]], allowed)
    if not isinstance(page["label"], str) or not page["label"]:
        raise UserError(f"{path}: label: {page['label']!r}, expected a text")
    if not isinstance(page["paper"], dict):
        raise UserError(f"{path}: paper: {page['paper']!r}, expected its title, and its doi or url")
    _refuse_unknown(f"{path}: paper", page["paper"], (*OF_PAPER, *ALSO_OF_PAPER))
    _refuse_missing(f"{path}: paper", page["paper"], OF_PAPER)
    if not isinstance(page["conditions_on"], list):
        raise UserError(f"{path}: conditions_on: {page['conditions_on']!r}, expected a list of {', '.join(CONDITIONS)}")
    known(f"{path}: conditions_on", page["conditions_on"], CONDITIONS)
    if not isinstance(page["options"], dict):
        raise UserError(f"{path}: options: {page['options']!r}, expected entries with value, source and meaning")
    for option, entry in page["options"].items():
        if not isinstance(entry, dict) or "value" not in entry or isinstance(entry["value"], list | dict):
            raise UserError(f"{path}: options.{option}: has no value, expected a number, a text, true, false or null")
        _refuse_unknown(f"{path}: options.{option}", entry, (*OF_OPTION, *ALSO_OF_OPTION))
        known(f"{path}: options.{option}.stage", [entry.get("stage", "train")], ("train", "predict"))
        if not isinstance(entry.get("same_as", ""), str):
            raise UserError(f"{path}: options.{option}.same_as: {entry['same_as']!r}, expected a key of the config")
        _check_ways(f"{path}: options.{option}", entry)
        _refuse_missing(f"{path}: options.{option}", entry, OF_OPTION)
    _require(root, folder, PROGRAMS)
    if page["environment"] is not None:
        known(
            f"{path}: environment", [page["environment"]], sorted(lock.parent.name for lock in root.glob("*/lock.txt"))
        )
    return page


def _refuse_unknown(where: str, page: Mapping[str, Any], allowed: Sequence[str]) -> None:
    for key in page:
        if key not in allowed:
            raise UserError(unknown_key(where, str(key), allowed))


def _refuse_missing(where: str, page: Mapping[str, Any], wanted: Sequence[str]) -> None:
    for key in wanted:
        if key not in page:
            raise UserError(f"{where}: key {key!r} is missing")


def _check_ways(where: str, entry: Mapping[str, Any]) -> None:
    """What an option says of the folder that the workflow brings for it, if it does."""
    for way in [way for way in WAYS if way in entry]:
        said = entry[way]
        if not isinstance(said, dict) or not said or not all(isinstance(value, str) for value in said.values()):
            raise UserError(f"{where}.{way}: {said!r}, expected {_EXPECTED[way]}")
        if way == "clone" and not (set(said) == {"url", "commit"} and re.fullmatch("[0-9a-f]{40}", said["commit"])):
            raise UserError(f"{where}.{way}: {said!r}, expected {_EXPECTED[way]}")
        if not BROUGHT.fullmatch(str(entry["value"])):
            raise UserError(f"{where}.value: {entry['value']!r}, expected results/brought/NAME, since it has {way}")


_EXPECTED = {
    "downloads": "what a file is called in the folder, and its name in the list of downloads",
    "clone": "url and commit, 40 digits of a hexadecimal number",
}


def _require(root: Path, folder: str, files: tuple[str, ...]) -> None:
    for file in files:
        if not (root / folder / file).is_file():
            raise UserError(f"{root / folder}: has no {file}, which every baseline has (baselines/README.md)")
