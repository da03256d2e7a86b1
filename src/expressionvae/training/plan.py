"""How long and how fast to train: the optimisation of Tables 2 and 3, and the split and order of the cells."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor


@dataclass(frozen=True)
class Plan:
    """The config's `vae.training` or `prior.training`.

    Attributes:
        iterations: optimiser steps.
        batch_size: cells a step.
        learning_rate: peak of the schedule.
        weight_decay: AdamW's.
        warmup: steps of the linear rise to the peak.
        clip: largest norm of the gradient.
        validate_every, log_every, checkpoint_every: steps between validation losses, rows of the loss
            table, checkpoints.
        compile: mode of torch.compile on a GPU, or None.
    """

    iterations: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    warmup: int
    clip: float
    validate_every: int
    log_every: int
    checkpoint_every: int
    compile: str | None

    def rate(self, step: int) -> float:
        """Share of the peak rate at a step: linear warm-up from 0, then a cosine to 0 (paper Tables 2 and 3)."""
        if step < self.warmup:
            return step / self.warmup
        span = max(1, self.iterations - self.warmup)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - self.warmup) / span)))


class Order:
    """Which cells make up which batch: a seeded shuffle an epoch, a pure function of the step (so that it resumes)."""

    def __init__(self, cells: Tensor, batch_size: int, seed: int):
        self.cells, self.batch_size, self.seed = cells, batch_size, seed
        self._epoch, self._shuffled = -1, cells

    def batch(self, step: int) -> Tensor:
        """Indices of the cells of batch `step`; epochs follow one another without a gap."""
        first, last = step * self.batch_size, (step + 1) * self.batch_size
        parts = []
        while first < last:
            epoch, start = divmod(first, len(self.cells))
            taken = min(last - first, len(self.cells) - start)
            parts.append(self._shuffle(epoch)[start : start + taken])
            first += taken
        return torch.cat(parts)

    def _shuffle(self, epoch: int) -> Tensor:
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
            self._epoch, self._shuffled = (
                epoch,
                self.cells[torch.randperm(len(self.cells), generator=generator)],
            )
        return self._shuffled


def seed_of(seed: int, number: int) -> int:
    """A seed for each batch or process, so that what one draws is the same whichever others drew before it."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0] >> 1)


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
    heldout_cell_type: str,
    control: str,
    validation: Validation,
) -> tuple[Tensor, Tensor]:
    """Indices of the cells to train on and of those set apart, from the labels of the training cells alone.

    Whole combinations are set apart, which are to the training what the test's are: all cells of some perturbations
    in the held-out cell type, whose controls stay. Stages that know the same labels set the same cells apart.
    """
    cell_types, labels = pd.Series(cell_type), pd.Series(perturbation)
    chosen = spared(cell_types, labels, heldout_cell_type, control, validation)
    if not chosen:
        parts = random_split(len(labels), validation.cells, validation.seed)
        what = f"random cells, for {heldout_cell_type or 'no cell type'!r} has no perturbation to spare"
    else:
        away = ((cell_types == heldout_cell_type) & labels.isin(chosen)).to_numpy()
        parts = torch.from_numpy(np.flatnonzero(~away)), torch.from_numpy(np.flatnonzero(away))
        what = f"{heldout_cell_type} x {', '.join(chosen)}"
    print(f"set apart for validation: {len(parts[1]):,} of {len(labels):,} training cells: {what}")
    return parts


def spared(
    cell_types: pd.Series, labels: pd.Series, heldout_cell_type: str, control: str, validation: Validation
) -> list[str]:
    """The perturbations of the held-out cell type to set apart, sorted; none where fewer than two could be.

    One stays to be trained on. As with the test's combinations, other cell types have seen the perturbation, unless
    the screen has but one cell type.
    """
    here = cell_types == heldout_cell_type
    eligible = set(labels[here].unique()) - {control}
    if not here.all():
        eligible &= set(labels[~here].unique())
    if len(eligible) < 2:
        return []
    number = min(max(1, round(validation.combinations * len(eligible))), len(eligible) - 1)
    generator = np.random.default_rng(validation.seed)
    return sorted(generator.permutation(sorted(eligible))[:number].tolist())


def random_split(cells: int, fraction: float, seed: int) -> tuple[Tensor, Tensor]:
    """Indices of cells to train on and of a random share set apart (at least one each)."""
    generator = torch.Generator().manual_seed(seed)
    shuffled = torch.randperm(cells, generator=generator)
    apart = min(max(1, round(fraction * cells)), cells - 1)
    return shuffled[apart:], shuffled[:apart]
