"""nb: a negative binomial; sampled it is the paper's nb-sample, its mean is nb-deter."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Generator, Tensor, nn

from expressionvae.tensors import Counts, GeneStates, Library, Loss, SizeFactor, Values
from expressionvae.vae.heads.base import Head

MIN_MEAN = 1e-8  # smaller means count as this: a softmax may round to 0 where a count is not 0


class NegativeBinomial(Head):
    """NB(mu, theta) with mu = library * softmax over genes and one dispersion theta a gene (paper section 3.1).

    The loss is the negative log likelihood summed over genes, averaged over cells.

    Args:
        pace: how many times as fast as other parameters log theta moves, which AdamW alone moves by about its
            rate a step.
        max_dispersion: theta ends there, or (None) nowhere.
    """

    rules = ("sample", "mean")
    START = 1.0  # log theta before training
    MIN_DISPERSION = 0.01

    def __init__(self, width: int, genes: int, pace: float, max_dispersion: float | None):
        super().__init__()
        self.share = nn.Linear(width, 1)
        self.dispersion = nn.Parameter(torch.full((genes,), self.START / pace))
        self.pace, self.max_dispersion = pace, max_dispersion

    @classmethod
    def build(cls, width: int, genes: int, bins: Mapping[str, list[Any]], options: Mapping[str, Any]) -> Head:
        return cls(width, genes, **options)

    def values(self, counts: Counts, size_factor: SizeFactor) -> Values:
        return counts.log1p()

    def loss(self, states: GeneStates, counts: Counts, size_factor: SizeFactor) -> Loss:
        mean = self.mean(states, counts.sum(-1))  # [cell gene]
        return -log_likelihood(counts, mean, self.theta).sum(-1).mean()

    def predict(self, states: GeneStates, panel_library: Library, rule: str, generator: Generator) -> Values:
        assert rule in self.rules
        mean = self.mean(states, panel_library)  # [cell gene]
        if rule == "mean":
            return mean
        theta = self.theta.expand_as(mean).contiguous()  # [cell gene]
        # torch.distributions takes no generator; this is the sampler behind its Gamma.
        gamma = torch._standard_gamma(theta, generator=generator)  # pyright: ignore[reportPrivateImportUsage]
        rate = gamma * (mean / theta)  # [cell gene]
        return torch.poisson(rate, generator=generator)

    @property
    def theta(self) -> Tensor:
        """Dispersion of each gene [gene], e before training."""
        # Bounds before exp: beyond them the gradient is then 0, and never 0 times infinity.
        most = None if self.max_dispersion is None else math.log(self.max_dispersion)
        return (self.pace * self.dispersion).clamp(math.log(self.MIN_DISPERSION), most).exp()

    def mean(self, states: GeneStates, panel_library: Library) -> Values:
        """Expected counts: each cell's library shared out over the genes."""
        share = self.share(states).squeeze(-1).float().softmax(-1)  # [cell gene]
        return panel_library[:, None] * share


def log_likelihood(counts: Tensor, mean: Tensor, theta: Tensor) -> Tensor:
    """log NB(counts; mean, theta), variance mean + mean^2 / theta, elementwise; float32, counts need not be whole."""
    mean = mean.clamp(min=MIN_MEAN)
    total = torch.log(theta + mean)
    return (
        torch.lgamma(counts + theta)
        - torch.lgamma(theta)
        - torch.lgamma(counts + 1)
        + theta * (theta.log() - total)
        + counts * (mean.log() - total)
    )
