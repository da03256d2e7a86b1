"""Baselines of other authors: what their folders say of them (about.yaml), and what the config asks of each."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expressionvae.config import unknown_key
from expressionvae.files import UserError, digest
from expressionvae.provenance import fingerprint
from expressionvae.sense import known
from expressionvae.strict import read_yaml

PAGE = "about.yaml"
KEYS = ("label", "authors", "paper", "licence", "source", "conditions_on", "device", "predicts", "emits")
KEYS += ("environment", "options")
SPACES = ("counts", "linear", "log1p")
EMITS = ("mean", "sample")
CHOICES = {"device": ("cpu", "gpu"), "predicts": SPACES, "emits": EMITS}
CONDITIONS = ("perturbation-learned", "perturbation-embedding", "cell-type", "control-cell")
PROGRAMS = ("train.py", "predict.py")
WAYS = ("downloads", "clone")  # how the workflow brings the folder that an option names
BROUGHT = re.compile(r"results/brought/[a-z0-9-]+")  # its value as published
SHARED = "common"  # what scripts of several baselines import
NO_SCRIPT = (PAGE, "lock.txt", "environment.yaml", "requirements.in")  # in a baseline's folder: nothing that runs


@dataclass(frozen=True)
class Baseline:
    """An entry of the config's `baselines`.

    Attributes:
        name: of its row.
        folder: in `baselines/`.
        label: what tables call it.
        page: its about.yaml.
        changed: options whose value the config states.
    """

    name: str
    folder: str
    label: str
    page: Mapping[str, Any]
    changed: Mapping[str, Any]

    @property
    def on_gpu(self) -> bool:
        return self.page["device"] == "gpu"

    @property
    def wants_vectors(self) -> bool:
        """Whether it has to be told a vector of each perturbation."""
        return "perturbation-embedding" in self.page["conditions_on"]

    @property
    def environment(self) -> str | None:
        """The folder whose lock it runs in; None: the project's own."""
        return self.page["environment"]

    def values(self, *, training: bool = False) -> dict[str, Any]:
        """Every option with its value; with `training`, those of prediction as published."""
        return {
            name: entry["value"]
            if training and entry.get("stage") == "predict"
            else self.changed.get(name, entry["value"])
            for name, entry in self.page["options"].items()
        }

    def options(self, *, training: bool = False) -> str:
        """The same as JSON."""
        return json.dumps(self.values(training=training), sort_keys=True)

    @property
    def emits(self) -> str:
        """What a predicted cell is, mean or sample, with the options in force."""
        return str(self.values().get("emits", self.page["emits"]))

    @property
    def brought(self) -> dict[str, dict[str, Any]]:
        """Folders that its options name and the workflow brings, unless the config names others: path -> how."""
        return {
            entry["value"]: {way: entry[way] for way in WAYS if way in entry}
            for name, entry in self.page["options"].items()
            if any(way in entry for way in WAYS) and self.changed.get(name, entry["value"]) == entry["value"]
        }

    @property
    def training(self) -> str:
        """What its training is called beside others of its folder: by its options, whatever those of prediction are."""
        return fingerprint(self.options(training=True))[:8]


def read(config: Mapping[str, Any], root: str | Path) -> dict[str, Baseline]:
    """The entries of the config's `baselines`, by name.

    Args:
        root: the folder of the baselines' folders.

    Raises:
        UserError: for a folder, an option or a value that cannot be, or a page (about.yaml) that is none.
    """
    root = Path(root)
    folders = sorted(path.parent.name for path in root.glob(f"*/{PAGE}"))
    found: dict[str, Baseline] = {}
    pages: dict[str, dict[str, Any]] = {}
    for name, entry in config["baselines"].items():
        folder = entry["folder"]
        known(f"baselines.{name}.folder", [folder], folders)
        if folder not in pages:
            pages[folder] = _page(root, folder)
        page, changed = pages[folder], entry.get("options", {})
        for option, value in changed.items():
            _check_option(f"baselines.{name}.options", option, value, page["options"])
        label = entry.get("label") or (page["label"] if name == folder else f"{page['label']} ({name})")
        found[name] = Baseline(name, folder, label, page, changed)
    return found


def pairs(baselines: Iterable[Baseline]) -> list[tuple[Baseline, Baseline]]:
    """Of the entries, those two by two that differ in that one emits means and the other samples of one training."""
    entries = list(baselines)
    return [
        (mean, sample)
        for mean in entries
        for sample in entries
        if (mean.emits, sample.emits) == ("mean", "sample") and _but_emits(mean) == _but_emits(sample)
    ]


def _but_emits(one: Baseline) -> tuple[str, dict[str, Any]]:
    return one.folder, one.values() | {"emits": None}


def scripts(root: str | Path, folder: str, program: str) -> str:
    """Digest of what a program of a baseline runs: its own folder less the other program, and what all baselines share.

    Files count by their names in these folders and their content, so that where these lie does not.
    """
    root = Path(root)
    left_out = {*NO_SCRIPT, *PROGRAMS} - {program}
    total = hashlib.sha256()
    for top in (root / folder, root / SHARED):
        for path in sorted(path for path in top.rglob("*") if path.is_file()):
            name = path.relative_to(top)
            if str(name) not in left_out and not any(part.startswith((".", "__pycache__")) for part in name.parts):
                total.update(f"{name.as_posix()}\0{digest(path, 'sha256')}\n".encode())
        total.update(b"\n")
    return total.hexdigest()[:16]


def _check_option(where: str, option: str, value: Any, options: Mapping[str, Any]) -> None:
    if option not in options:
        raise UserError(unknown_key(where, option, options))
    published, brought = options[option]["value"], any(way in options[option] for way in WAYS)
    if (published is None or brought) and (value is None or isinstance(value, str)):
        return  # a path, or none
    if _kind(value) != _kind(published):
        wanted = "a text or null" if published is None or brought else f"{_kind(published)} as {published!r} is"
        raise UserError(f"{where}.{option}: {value!r} is {_kind(value)}, expected {wanted}")
    if option == "emits":  # of prediction alone: its scripts would not say so before they have trained
        known(f"{where}.{option}", [value], EMITS)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "a number" if isinstance(value, int | float) else "a text" if isinstance(value, str) else "null"


def _page(root: Path, folder: str) -> dict[str, Any]:
    """An about.yaml. Raises UserError, which names the file and the key, where it breaks baselines/README.md."""
    path = root / folder / PAGE
    page = read_yaml(path)
    if not isinstance(page, dict):
        raise UserError(f"{path}: expected the keys {', '.join(KEYS)}")
    for key in page:
        if key not in KEYS:
            raise UserError(unknown_key(str(path), str(key), dict.fromkeys(KEYS)))
    for key in KEYS:
        if key not in page:
            raise UserError(f"{path}: key {key!r} is missing")
    for key, allowed in CHOICES.items():
        known(f"{path}: {key}", [page[key]], allowed)
    if not isinstance(page["label"], str) or not page["label"]:
        raise UserError(f"{path}: label: {page['label']!r}, expected a text")
    if not isinstance(page["conditions_on"], list):
        raise UserError(f"{path}: conditions_on: {page['conditions_on']!r}, expected a list of {', '.join(CONDITIONS)}")
    known(f"{path}: conditions_on", page["conditions_on"], CONDITIONS)
    if not isinstance(page["options"], dict):
        raise UserError(f"{path}: options: {page['options']!r}, expected entries with value, source and meaning")
    for option, entry in page["options"].items():
        if not isinstance(entry, dict) or "value" not in entry or isinstance(entry["value"], list | dict):
            raise UserError(f"{path}: options.{option}: has no value, expected a number, a text, true, false or null")
        known(f"{path}: options.{option}.stage", [entry.get("stage", "train")], ("train", "predict"))
        _check_ways(f"{path}: options.{option}", entry)
    _require(root, folder, PROGRAMS)
    if page["environment"] is not None:
        known(
            f"{path}: environment", [page["environment"]], sorted(lock.parent.name for lock in root.glob("*/lock.txt"))
        )
    return page


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
