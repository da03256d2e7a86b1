"""flow: noise is carried to Gaussian latents along straight paths."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Generator, Tensor, nn

from expressionvae.nn.dit import DiT, TimeEmbedding
from expressionvae.nn.embedding import vectors
from expressionvae.priors.base import LatentShape, Prior
from expressionvae.tensors import Condition, Latents, Loss, Times


class FlowMatching(Prior):
    """Conditional flow matching (Lipman et al. 2022, https://arxiv.org/abs/2210.02747), straight paths, Heun's solver.

    x_t = (1 - t) noise + t latents; the network learns the velocity latents - noise.

    Args:
        mean: of the training latents, per channel.
        std: likewise.
        time_scale: of the time embedding; the authors' is 1, at which the network hardly sees the time.
        standardise: the flow runs on latents of mean 0 and variance 1, and not on the latents as they are.
    """

    bottleneck = "gaussian"
    mean: Tensor
    std: Tensor

    def __init__(
        self,
        trunk: DiT,
        width: int,
        tokens: int,
        mean: Tensor,
        std: Tensor,
        *,
        time_scale: float,
        standardise: bool,
    ):
        super().__init__()
        self.trunk, self.tokens = trunk, tokens
        self.register_buffer("mean", mean.clone() if standardise else torch.zeros_like(mean))
        self.register_buffer("std", std.clone() if standardise else torch.ones_like(std))
        self.embedding = nn.Linear(len(mean), width)
        self.positions = vectors(tokens, width)
        self.time = TimeEmbedding(width, time_scale)

    @classmethod
    def build(cls, trunk: DiT, latents: LatentShape, options: Mapping[str, Any]) -> "FlowMatching":
        return cls(trunk, latents.width, latents.tokens, latents.mean, latents.std, **options)

    def loss(self, latents: Latents, condition: Condition) -> Loss:
        data = (latents - self.mean) / self.std  # [cell token channel]
        noise = torch.randn_like(data)
        times = torch.rand(len(data), device=data.device)  # [cell]
        velocity = self.velocity(self.path(noise, data, times), times, condition)  # [cell token channel]
        return (velocity.float() - (data - noise)).square().mean()

    @staticmethod
    def path(noise: Latents, data: Latents, times: Times) -> Latents:
        """The straight line from noise at t = 0 to data at t = 1."""
        t = times[:, None, None]
        return (1 - t) * noise + t * data

    def velocity(self, x: Latents, times: Times, condition: Condition) -> Latents:
        states = self.embedding(x) + self.positions  # [cell token width]
        return self.trunk(states, condition + self.time(times), causal=False)

    def sample(self, condition: Condition, generator: Generator, *, steps: int) -> Latents:  # pyright: ignore[reportIncompatibleMethodOverride]
        """From noise at t = 0 to data at t = 1 in `steps` steps of Heun's method."""
        shape = (len(condition), self.tokens, len(self.mean))
        x = torch.randn(shape, generator=generator, device=condition.device)  # [cell token channel]
        width = 1 / steps
        for step in range(steps):
            start = torch.full((len(x),), step * width, device=x.device)
            here = self.velocity(x, start, condition).float()
            there = self.velocity(x + width * here, start + width, condition).float()
            x = x + width * (here + there) / 2  # [cell token channel]
        return x * self.std + self.mean
