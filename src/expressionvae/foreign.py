"""Baselines: what the config asks of each, beside what its folder says of it (`about`)."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expressionvae import about, grid
from expressionvae.about import EMITS, PAGE, PROGRAMS, WAYS
from expressionvae.config import unknown_key, value_at
from expressionvae.files import UserError, digest
from expressionvae.provenance import fingerprint
from expressionvae.sense import known

SHARED = "common"  # what scripts of several baselines import
_NEVER = object()  # equals no option's value
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
    def knows_seen_only(self) -> bool:
        """Whether it knows a perturbation from training cells alone, with the options in force."""
        values = self.values()
        learned = any(entry.get("learned", _NEVER) == values[name] for name, entry in self.page["options"].items())
        return learned or "perturbation-learned" in self.page["conditions_on"]

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
            pages[folder] = about.read(root, folder)
        page = pages[folder]
        changed = _followed(page, config, f"{root / folder / PAGE}") | entry.get("options", {})
        for option, value in changed.items():
            _check_option(f"baselines.{name}.options", option, value, page["options"])
        label = entry.get("label") or (page["label"] if name == folder else f"{page['label']} ({name})")
        found[name] = Baseline(name, folder, label, page, changed)
    return found


def _followed(page: Mapping[str, Any], config: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Options that are to be what the config says elsewhere (`same_as`), where that is not their value anyway.

    Raises: UserError, which names the page by its path, where a key is none of the config.
    """
    found = {}
    for option, entry in page["options"].items():
        if "same_as" in entry:
            try:
                value = value_at(config, entry["same_as"])
            except (KeyError, TypeError):  # TypeError: of a number or a text nothing can be looked up
                key = entry["same_as"]
                raise UserError(f"{path}: options.{option}.same_as: {key!r} is no key of the config") from None
            found |= {option: value} if value != entry["value"] else {}
    return found


def refuse_unseen(config: Mapping[str, Any], baselines: Mapping[str, Baseline]) -> None:
    """Refuse what the config alone tells: a screen of one cell type, held out from baselines that must have seen it.

    What only the labels of a screen tell is found once it is prepared (`evaluation.contract.require_seen`).

    Raises:
        UserError: naming the dataset, and the rows to leave out.
    """
    for name in grid.datasets(config):
        asked = seen_only(config, baselines, name)
        entry = config["datasets"][name]
        if entry["kind"] == "local" and entry["cell_type_column"] is None and asked:
            named = entry["heldout"].get("perturbations", ())
            which = f", such as {named[0]!r}" if named else ""
            raise UserError(
                f"datasets.{name}: it has one cell type (cell_type_column is null), so that no training cell has a "
                f"held-out perturbation{which}; {left_out_instead(asked, name)}"
            )


def left_out_instead(baselines: Iterable[str], dataset: str) -> str:
    """What to do where a held-out perturbation is in no training cell, in words."""
    return (
        f"these baselines know perturbations from training cells alone: {', '.join(baselines)}; "
        f"leave them out of the runs of {dataset} (config/without-baselines.yaml leaves out all of other authors)"
    )


def seen_only(config: Mapping[str, Any], baselines: Mapping[str, Baseline], dataset: str) -> list[str]:
    """The rows that runs of a dataset ask for and that know a perturbation from training cells alone."""
    asked = dict.fromkeys(run.baseline for run in grid.predicting_runs(config, dataset))
    return [name for name in asked if name in baselines and baselines[name].knows_seen_only]


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
