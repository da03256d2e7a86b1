"""What the config asks to be predicted: pairs of a cell type and a perturbation, and the runs that predict them.

Standard library only: every job of a cluster reads this again.
"""

import csv
import hashlib
import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expressionvae import grid
from expressionvae.files import UserError
from expressionvae.folders import PREDICTION, SCREEN

COLUMNS = ("cell_type", "perturbation", "cells")
# What the check of a pair says of it: whether the prior has been told of the perturbation, or its vector must be made;
# and what PerturbMean averages.
KNOWN, NEW = "known", "new"
ELSEWHERE, HERE, UNDEFINED = "elsewhere", "here", "undefined"
Label = str | bool | int | float  # without quotes in the config: the label that YAML reads alike
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,59}")


@dataclass(frozen=True)
class Pair:
    """How many cells of which type under which perturbation to predict; `where` names it in messages."""

    dataset: str
    cell_type: Label
    perturbation: Label
    cells: int
    where: str

    @property
    def folder(self) -> str:
        labels = {"cell_type": named(str(self.cell_type)), "perturbation": named(str(self.perturbation))}
        return PREDICTION.format(dataset=self.dataset, **labels)


@dataclass(frozen=True)
class Predictor:
    """A bottleneck, a prior and a decoder of the config; it predicts with each training of the replicates."""

    bottleneck: str
    prior: str
    decoder: str

    @property
    def folder(self) -> str:
        return f"{self.bottleneck}/{self.prior}/{self.decoder}"


def named(label: str) -> str:
    """A label as the name of a folder; one that cannot be is told from others by its checksum."""
    if _PLAIN.fullmatch(label):
        return label
    plain = re.sub(r"[^A-Za-z0-9._+]+", "-", label).strip("-.+")[:50]
    return f"{plain or 'label'}-{hashlib.sha256(label.encode()).hexdigest()[:6]}"


def read(config: Mapping[str, Any]) -> dict[str, list[Pair]]:
    """The pairs that each dataset is asked for, those of CSV files included.

    Raises:
        UserError: naming the key or the file with its line, the value and what is expected.
    """
    found = {}
    for dataset, entry in config["predict"]["datasets"].items():
        where, pairs = f"predict.datasets.{dataset}.pairs", entry["pairs"]
        rows = _of_csv(pairs, where) if isinstance(pairs, str) else _of_list(pairs, where)
        found[dataset] = [Pair(dataset, *row) for row in rows]
        _refuse_twins(found[dataset])
    return found


def _of_list(pairs: Iterable[Mapping[str, Any]], where: str) -> Iterable[tuple[Label, Label, int, str]]:
    for number, pair in enumerate(pairs):
        yield pair["cell_type"], pair["perturbation"], pair["cells"], f"{where}[{number}]"


def _of_csv(path: str, where: str) -> Iterable[tuple[str, str, int, str]]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            lines = csv.DictReader(file)
            header = lines.fieldnames or []
            if absent := [name for name in COLUMNS if name not in header]:
                raise UserError(
                    f"{path}: column {absent[0]!r} is missing (config key {where}); it has "
                    f"{', '.join(header) or 'none'}, expected {', '.join(COLUMNS)}"
                )
            rows = [(f"{path}, line {lines.line_num}", row) for row in lines]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: cannot be read: {reason}; expected the CSV of config key {where}") from None
    if not rows:
        raise UserError(f"{path}: no pair (config key {where}); expected a line each, with {', '.join(COLUMNS)}")
    for line, row in rows:
        cell_type, perturbation, cells = (row[name] for name in COLUMNS)
        if not cell_type or not perturbation:
            raise UserError(f"{line}: cell_type or perturbation is empty")
        if not re.fullmatch(r"[0-9]{1,6}", cells or "") or int(cells) < 2:
            raise UserError(f"{line}: cells is {cells!r}, expected a whole number from 2 to 999999")
        yield cell_type, perturbation, int(cells), line


def _refuse_twins(pairs: list[Pair]) -> None:
    seen: dict[str, str] = {}
    for pair in pairs:
        if pair.folder in seen:
            asked = f"{pair.perturbation!r} in {pair.cell_type!r}"
            raise UserError(f"{pair.where}: {asked} is asked at {seen[pair.folder]} too")
        seen[pair.folder] = pair.where


def predictors(config: Mapping[str, Any]) -> list[Predictor]:
    """The models that predict, each once, in the order of the config."""
    blocks = config["predict"]["runs"]
    choices = (itertools.product(block["bottleneck"], block["prior"], block["decoder"]) for block in blocks)
    return list(dict.fromkeys(Predictor(*choice) for block in choices for choice in block))


def home(config: Mapping[str, Any], dataset: str) -> str:
    """The folder of the trained weights that predict a dataset: its own results, or that which `weights` names."""
    return config["predict"]["datasets"][dataset].get("weights") or SCREEN.format(dataset=dataset)


def trainings(config: Mapping[str, Any], dataset: str, predictor: Predictor) -> list[dict[str, str]]:
    """The files of each training by which a model predicts (see `home`): vae, latents, prior."""
    head = config["decoders"][predictor.decoder]["head"]
    weights = grid.weights(config, predictor.prior)
    found = []
    for training in config["replicates"]["trainings"]:
        vae = f"{home(config, dataset)}/{predictor.bottleneck}/{head}/vae-{training['vae']}"
        prior = f"{vae}/{weights}-{training['prior']}/prior.pt"
        found.append({"vae": f"{vae}/vae.pt", "latents": f"{vae}/latents.npz", "prior": prior})
    return found


def require_weights(config: Mapping[str, Any]) -> None:
    """Refuse folders of weights without the files that the runs need. Raises UserError naming key, folder and file."""
    for dataset, entry in config["predict"]["datasets"].items():
        if not entry.get("weights"):
            continue
        wanted = [file for one in predictors(config) for it in trainings(config, dataset, one) for file in it.values()]
        if config["datasets"][dataset]["embedding"] == "esm2":
            wanted.append(f"{entry['weights']}/perturbations.npz")
        for file in wanted:
            if not Path(file).is_file():
                inside = Path(file).relative_to(entry["weights"])
                raise UserError(
                    f"predict.datasets.{dataset}.weights: {entry['weights']} has no {inside}, expected the folder of a "
                    "dataset in another run's results, trained by predict.runs and replicates.trainings"
                )
