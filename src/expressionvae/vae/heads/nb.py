"""nb: a negative binomial; sampled it is the paper's nb-sample, its mean is nb-deter."""

import torch
from torch import Generator, Tensor, nn

from expressionvae.tensors import Counts, GeneStates, Library, Loss, SizeFactor, Values
from expressionvae.vae.heads.base import Head


class NegativeBinomial(Head):
    """NB(mu, theta) with mu = library * softmax over genes and one dispersion theta a gene (paper section 3.1).

    The loss is the negative log likelihood summed over genes, averaged over cells.
    """

    rules = ("sample", "mean")
    PACE = 10.0  # AdamW moves a parameter by about its rate a step: log theta is this many times as fast

    def __init__(self, width: int, genes: int):
        super().__init__()
        self.share = nn.Linear(width, 1)
        self.dispersion = nn.Parameter(torch.zeros(genes))

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
        """Dispersion of each gene [gene], 1 before training."""
        return (self.PACE * self.dispersion).clamp(-10, 10).exp()

    def mean(self, states: GeneStates, panel_library: Library) -> Values:
        """Expected counts: each cell's library shared out over the genes."""
        share = self.share(states).squeeze(-1).float().softmax(-1)  # [cell gene]
        return panel_library[:, None] * share


def log_likelihood(counts: Tensor, mean: Tensor, theta: Tensor) -> Tensor:
    """log NB(counts; mean, theta), variance mean + mean^2 / theta, elementwise; float32, counts need not be whole."""
    tiny = torch.finfo(torch.float32).tiny
    mean = mean.clamp(min=tiny)
    total = torch.log(theta + mean)
    return (
        torch.lgamma(counts + theta)
        - torch.lgamma(theta)
        - torch.lgamma(counts + 1)
        + theta * (theta.log() - total)
        + counts * (mean.log() - total)
    )
