"""What of the training cells is set apart for choices: whole combinations, as the test's are."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Validation:
    """The config's `validation`: what of the training cells is set apart for choices, never trained on by any stage.

    Attributes:
        combinations: share of the held-out cell type's training perturbations, at least one of them.
        cells: share of all training cells, where no such perturbation can be spared.
        seed: of the draw.
    """

    combinations: float
    cells: float
    seed: int


def split(
    cell_type: Sequence[str] | np.ndarray,
    perturbation: Sequence[str] | np.ndarray,
    *,
    heldout_cell_types: Sequence[str],
    control: str,
    validation: Validation,
) -> tuple[Tensor, Tensor]:
    """Indices of the cells to train on and of those set apart, from the labels of the training cells alone.

    Whole combinations are set apart, which are to the training what the test's are: all cells of some perturbations
    in each held-out cell type, whose controls stay. Stages that know the same labels set the same cells apart.
    """
    cell_types, labels = np.asarray(cell_type, object), np.asarray(perturbation, object)
    chosen = spared(cell_types, labels, heldout_cell_types, control, validation)
    if not chosen:
        parts = random_split(len(labels), validation.cells, validation.seed)
        named = ", ".join(map(repr, heldout_cell_types))
        why = f"{named} has no perturbation to spare" if named else "nothing is held out"
        what = f"random cells, for {why}"
    else:
        pairs = {(name, label) for name, of in chosen.items() for label in of}
        away = np.fromiter((pair in pairs for pair in zip(cell_types, labels, strict=True)), bool)
        parts = torch.from_numpy(np.flatnonzero(~away)), torch.from_numpy(np.flatnonzero(away))
        what = "; ".join(f"{name} x {', '.join(of)}" for name, of in chosen.items())
    log.info(f"set apart for validation: {len(parts[1]):,} of {len(labels):,} training cells: {what}")
    return parts


def spared(
    cell_types: np.ndarray, labels: np.ndarray, heldout_cell_types: Sequence[str], control: str, validation: Validation
) -> dict[str, list[str]]:
    """The perturbations to set apart by held-out cell type, sorted; of a type none where fewer than two could be.

    One stays to be trained on. As with the test's combinations, cell types of which nothing is held out have seen the
    perturbation, unless the screen has no such cell type.
    """
    types = {*heldout_cell_types}
    inside = np.fromiter((name in types for name in cell_types), bool)
    chosen = {}
    for name in sorted(heldout_cell_types):
        eligible = set(labels[cell_types == name]) - {control}
        if not inside.all():
            eligible &= set(labels[~inside])
        if len(eligible) < 2:
            continue
        number = min(max(1, round(validation.combinations * len(eligible))), len(eligible) - 1)
        generator = np.random.default_rng(validation.seed)
        chosen[name] = sorted(generator.permutation(sorted(eligible))[:number].tolist())
    return chosen


def random_split(cells: int, fraction: float, seed: int) -> tuple[Tensor, Tensor]:
    """Indices of cells to train on and of a random share set apart (at least one each)."""
    generator = torch.Generator().manual_seed(seed)
    shuffled = torch.randperm(cells, generator=generator)
    apart = min(max(1, round(fraction * cells)), cells - 1)
    return shuffled[apart:], shuffled[:apart]
