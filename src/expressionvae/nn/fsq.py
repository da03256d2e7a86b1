"""Finite scalar quantisation: a codebook without parameters."""

import math

import torch
from torch import Tensor, nn

from expressionvae.tensors import Codes, Levels, Loss, TokenStates

MARGIN = 1e-3  # tanh never reaches 1: the grid is stretched by this much, so that its outermost level is reached


class FSQ(nn.Module):
    """Project each token to a few dimensions and round each to one of its levels.

    Mentzer et al. 2023 (https://arxiv.org/abs/2309.15505), section 3; paper section 3.1. The paper prints
    `round((l - 1) / 2 * tanh z)`, which for an even l reaches l - 1 values only; the half-step shift of
    Mentzer et al. (appendix A.1) makes all l reachable, so that K = prod(levels).

    `normalise` puts a batch norm over cells before the rounding. Without it (the authors' way) cells differ too
    little to be rounded apart at first, and a handful of codes is in use until the encoder has grown.
    """

    sizes: Tensor
    place: Tensor
    span: Tensor
    offset: Tensor
    shift: Tensor

    def __init__(self, width: int, tokens: int, levels: list[int], normalise: bool):
        super().__init__()
        self.norm = nn.BatchNorm1d(tokens * len(levels), eps=1e-8) if normalise else None
        self.levels = list(levels)
        self.codebook_size = math.prod(levels)
        self.project_in = nn.Linear(width, len(levels))
        self.project_out = nn.Linear(len(levels), width)
        sizes = torch.tensor(levels, dtype=torch.float32)
        place = torch.tensor([math.prod(levels[:i]) for i in range(len(levels))])
        even = (torch.tensor(levels) % 2 == 0).float()
        self.register_buffer("sizes", sizes, persistent=False)
        self.register_buffer("place", place, persistent=False)  # mixed-radix place value of each dimension
        self.register_buffer("span", (sizes - 1) * (1 + MARGIN) / 2, persistent=False)
        self.register_buffer("offset", even / 2, persistent=False)
        self.register_buffer("shift", torch.atanh(self.offset / self.span), persistent=False)

    def forward(self, states: TokenStates) -> tuple[TokenStates, Loss]:
        """Return the quantised states (straight-through gradient) and no penalty."""
        bounded = self._bounded(states)  # [cell token level]
        rounded = bounded + (bounded.round() - bounded).detach()  # [cell token level]
        return self.project_out(rounded / self.radius), bounded.new_zeros(())

    def bound(self, z: Levels) -> Levels:
        """Squash to the interval whose rounding gives -l//2 .. (l-1)//2."""
        return torch.tanh(z + self.shift) * self.span - self.offset

    @property
    def radius(self) -> Tensor:
        """Half the number of levels: divides grid positions into [-1, 1]."""
        return torch.div(self.sizes, 2, rounding_mode="floor").clamp(min=1)

    def latents(self, states: TokenStates) -> Codes:
        """The code of each token, 0..K-1."""
        grid = self._bounded(states).round()  # [cell token level]
        digits = grid + torch.div(self.sizes, 2, rounding_mode="floor")  # [cell token level], 0..l-1
        return (digits.long() * self.place).sum(-1)

    def project(self, states: TokenStates) -> Levels:
        """The coordinates before tanh bounds them, normalised if they are: what the reversion benchmark reads."""
        z = self.project_in(states).float()  # [cell token level]
        return z if self.norm is None else self.norm(z.flatten(1)).view_as(z)

    def _bounded(self, states: TokenStates) -> Levels:
        return self.bound(self.project(states))

    def expand(self, codes: Codes) -> TokenStates:
        """The decoder's input for codes: the inverse of `latents` up to the projection."""
        sizes = self.sizes.long()
        digits = torch.div(codes[..., None], self.place, rounding_mode="floor") % sizes  # [cell token level]
        grid = digits - torch.div(sizes, 2, rounding_mode="floor")  # [cell token level]
        return self.project_out(grid / self.radius)
