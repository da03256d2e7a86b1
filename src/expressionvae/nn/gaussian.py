"""A Gaussian posterior in place of the codebook."""

import torch
from torch import Tensor, nn

from expressionvae.tensors import Latents, Loss, TokenStates

# Bounds of the posterior, as in the authors' code: with a small beta, nothing else keeps it from growing.
MEAN = (-4.0, 4.0)
LOG_VARIANCE = (-14.0, 10.0)


class Gaussian(nn.Module):
    """Diagonal Gaussian latents with reparametrisation (Kingma & Welling 2014); paper section 3.1 and Table 2.

    Each token is projected to its channels, from which one more layer makes mean and log variance. The penalty is
    beta * KL(posterior | N(0, 1)), summed over tokens and channels of a cell, averaged over cells.
    """

    def __init__(self, width: int, channels: int, beta: float):
        super().__init__()
        self.beta = beta
        self.project_in = nn.Linear(width, channels)
        self.posterior = nn.Linear(channels, 2 * channels)
        self.project_out = nn.Linear(channels, width)

    def forward(self, states: TokenStates) -> tuple[TokenStates, Loss]:
        mean, log_variance = self._posterior(states)  # [cell token channel]
        sample = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)  # [cell token channel]
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum((1, 2)).mean()
        return self.project_out(sample), self.beta * divergence

    def project(self, states: TokenStates) -> Latents:
        """The projection from which the posterior is made, without bounds: what the reversion benchmark reads."""
        return self.project_in(states).float()

    def latents(self, states: TokenStates) -> Latents:
        """The posterior mean, which evaluation uses."""
        return self._posterior(states)[0]

    def expand(self, latents: Latents) -> TokenStates:
        """The decoder's input for latents."""
        return self.project_out(latents)

    def _posterior(self, states: TokenStates) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.posterior(self.project(states)).float().chunk(2, dim=-1)
        return mean.clamp(*MEAN), log_variance.clamp(*LOG_VARIANCE)
