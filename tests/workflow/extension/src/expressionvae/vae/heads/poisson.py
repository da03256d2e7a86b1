"""poisson: counts that vary as much as their mean."""

import torch
import torch.nn.functional as F
from torch import Generator, nn

from expressionvae.tensors import Counts, GeneStates, Library, Loss, SizeFactor, Values
from expressionvae.vae.heads.base import Head


class Poisson(Head):
    """A Poisson likelihood of counts, whose means share the cell's library among the genes."""

    rules = ("sample", "mean")

    def __init__(self, width: int, smallest: float):
        super().__init__()
        self.share, self.smallest = nn.Linear(width, 1), smallest

    def values(self, counts: Counts, size_factor: SizeFactor) -> Values:
        return counts.log1p()

    def mean(self, states: GeneStates, library: Library) -> Values:
        share = self.share(states).squeeze(-1).float().softmax(-1)  # [cell gene]
        return (library[:, None] * share).clamp(min=self.smallest)

    def loss(self, states: GeneStates, counts: Counts, size_factor: SizeFactor) -> Loss:
        return F.poisson_nll_loss(self.mean(states, counts.sum(1)), counts, log_input=False)

    def predict(self, states: GeneStates, panel_library: Library, rule: str, generator: Generator) -> Values:
        mean = self.mean(states, panel_library)
        return mean if rule == "mean" else torch.poisson(mean, generator=generator)
