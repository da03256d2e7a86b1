"""How long and how fast to train: the optimisation of Tables 2 and 3, and the order of the cells."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Schedule:
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
