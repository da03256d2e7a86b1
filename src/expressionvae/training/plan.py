"""How long and how fast to train: the optimisation of Tables 2 and 3, and the order of the cells."""

import math
from dataclasses import dataclass

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
        validation_fraction: share of the training cells set apart to watch the loss, never trained on.
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
    validation_fraction: float
    validate_every: int
    log_every: int
    checkpoint_every: int
    compile: str | None

    def rate(self, step: int) -> float:
        """Share of the peak rate at a step: linear warm-up, then a cosine to 0 (paper Tables 2 and 3)."""
        if step < self.warmup:
            return (step + 1) / self.warmup
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


def split(cells: int, fraction: float, seed: int) -> tuple[Tensor, Tensor]:
    """Indices of the cells to train on and of those set apart for the validation loss (at least one each)."""
    generator = torch.Generator().manual_seed(seed)
    shuffled = torch.randperm(cells, generator=generator)
    apart = min(max(1, round(fraction * cells)), cells - 1)
    return shuffled[apart:], shuffled[:apart]
