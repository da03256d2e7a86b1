"""What the published screens share on their way to one file each: splits, known numbers, quality tables."""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy import ndarray

from expressionvae.data.labels import aliases, shown, text
from expressionvae.files import UserError, written

log = logging.getLogger(__name__)

ON_DIFFERENCE = ("stop", "report")
SHOWN = 40  # labels of a difference named in full
EDGES = np.round(np.logspace(1, 6, 101), 1)  # of the histograms of library sizes


@dataclass(frozen=True)
class Split:
    """A pair of scLDM's split files: the ordered gene panel, the labels of training, and what is held out."""

    genes: list[str]
    cell_types: list[str]
    perturbations: list[str]
    heldout_cell_type: str
    heldout: list[str]

    def about(self, obs: pd.DataFrame, *, name: str, control: str) -> dict[str, Any]:
        """What rule `prepare` reads of an assembled screen: control, and the held-out combinations that are there."""
        present = set(obs.loc[(obs["cell_type"] == self.heldout_cell_type).to_numpy(), "perturbation"])
        heldout = [label for label in self.heldout if label in present]
        cell_type = self.heldout_cell_type
        return {"split": {"name": name, "control": control, "heldout_cell_type": cell_type, "heldout": heldout}}


def read_split(train_json: str | Path, test_json: str | Path, *, cell_type: str, perturbation: str) -> Split:
    """Read scLDM's split files (github.com/czi-ai/scldm, metadata/), with labels under the two given keys.

    Raises: UserError when a key is absent, the two panels differ (in genes or their order), not exactly one cell type
    is held out, a held-out label is not among those of training, or two labels are one.
    """
    train, test = _labels(train_json, cell_type, perturbation), _labels(test_json, cell_type, perturbation)
    for labels, path in ((train[1], train_json), (train[2], train_json), (test[2], test_json)):
        if same := aliases(labels, text):
            raise UserError(f"{path}: lists one label under several spellings: {_groups(same)}")
    if len(set(train[0])) != len(train[0]):
        raise UserError(f"{train_json}: its gene panel names a gene twice")
    if train[0] != test[0]:
        raise UserError(
            f"{test_json}: its gene panel is not that of {train_json}{_first_difference(test[0], train[0])}"
        )
    if len(test[1]) != 1:
        raise UserError(f"{test_json}: holds out {cell_type} {test[1]}; expected exactly one")
    unknown = sorted({*test[1]} - {*train[1]}) + sorted({*test[2]} - {*train[2]})
    if unknown:
        raise UserError(f"{test_json}: holds out {', '.join(unknown)}, which {train_json} does not list")
    return Split(*train, test[1][0], test[2])


def _first_difference(test: list[str], train: list[str]) -> str:
    if sorted(test) != sorted(train):
        return f": {len(set(test) ^ set(train))} genes are in only one of them"
    place = next(i for i, (one, other) in enumerate(zip(test, train, strict=True)) if one != other)
    return f": the same genes in another order, from place {place} on ('{test[place]}' for '{train[place]}')"


def _labels(path: str | Path, cell_type: str, perturbation: str) -> tuple[list[str], list[str], list[str]]:
    try:
        split = json.loads(Path(path).read_text(encoding="utf-8"))
        return split["genes"], split["labels"][cell_type], split["labels"][perturbation]
    except (OSError, ValueError, KeyError, TypeError) as error:
        expected = f"expected keys genes, labels.{cell_type}, labels.{perturbation}"
        raise UserError(f"{path}: not a split file ({type(error).__name__}: {error}); {expected}") from None


def differing(where: str, found: Mapping[str, int], stated: Mapping[str, Any]) -> list[str]:
    """One line for each number that is not as stated in resources/downloads.yaml; what is not stated is not asked."""
    return [
        f"{where} has {number:,} {what}, expected {stated[what]:,}"
        for what, number in found.items()
        if stated.get(what) is not None and number != stated[what]
    ]


def missing(found: Iterable[str], listed: Iterable[str], what: str) -> list[str]:
    """Print which labels that are there the split does not list; return lines on what differs.

    That is labels that are listed and not there, and labels that are there and are listed under another spelling.
    """
    found, listed = set(found), set(listed)
    lost, extra = sorted(listed - found), sorted(found - listed)
    log.info(f"{what}: {len(listed & found)} of {len(listed)} listed are here")
    if extra:
        log.info(f"{what}: {len(extra)} not listed, left out: {', '.join(extra)}")
    said = [f"{what}: {len(lost)} of {len(listed)} listed are absent: {_some(lost)}"] if lost else []
    return said + spelled_twice(what, listed | found)


def spelled_twice(what: str, labels: Iterable[str]) -> list[str]:
    """A line on labels, of a file and of the split, that are one under several spellings; none where there are none."""
    same = aliases(labels, text)
    return [f"{what}: one label under several spellings, used only as it is listed: {_groups(same)}"] if same else []


def lacking(where: str, absent: Sequence[str], panel: Sequence[str]) -> list[str]:
    """A line on the panel genes that the file of a training screen lacks: they would be zero in all its cells."""
    if not absent:
        return []
    return [f"{where} lacks {len(absent)} of the {len(panel)} genes of the panel, to be set to 0: {_some(absent)}"]


def repeated(where: str, names: pd.Index) -> list[str]:
    """A line on the cell names that occur more than once in a file."""
    twice = names[names.duplicated()].unique()
    if twice.empty:
        return []
    return [f"{where} has {len(twice)} cell names more than once, to be numbered: {_some(list(twice))}"]


def stop_or_warn(differences: Sequence[str], on_difference: str) -> None:
    """Stop at (or only print) what differs from what is known of a screen.

    Raises: UserError, with every difference, where config key on_difference is `stop`.
    """
    assert on_difference in ON_DIFFERENCE
    if not differences:
        return
    lines = "".join(f"\n  {line}" for line in differences)
    if on_difference == "stop":
        raise UserError(
            f"not as known of this screen:{lines}\n  to go on all the same: config key on_difference: report"
        )
    log.warning(f"not as known of this screen:{lines}")


def _groups(same: list[list[str]]) -> str:
    return _some([" and ".join(map(shown, group)) for group in same])


def _some(labels: Sequence[str]) -> str:
    more = len(labels) - SHOWN
    return ", ".join(labels[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def histogram(library: ndarray, **group: str) -> pd.DataFrame:
    """Cells by library size, for the quality table: from, to, cells; the ends take what lies beyond."""
    cells, _ = np.histogram(np.clip(library, EDGES[0], EDGES[-1]), EDGES)
    return pd.DataFrame({**group, "from": EDGES[:-1], "to": EDGES[1:], "cells": cells})


def save_quality(folder: Mapping[str, str | Path], tables: Mapping[str, pd.DataFrame]) -> None:
    """Write the quality tables: steps, perturbations, libraries."""
    for name, table in tables.items():
        with written(folder[name]) as temporary:
            table.to_csv(temporary, index=False, float_format="%.6g")
