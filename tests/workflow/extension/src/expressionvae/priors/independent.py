"""independent: every code is drawn by itself, in one pass."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Generator
from torch.nn.functional import cross_entropy

from expressionvae.nn.dit import DiT
from expressionvae.nn.embedding import vectors
from expressionvae.priors.base import LatentShape, Prior
from expressionvae.tensors import CodeLogits, Codes, Condition, Loss


class Independent(Prior):
    """Codes that know the condition and their place, and nothing of each other."""

    bottleneck = "fsq"

    def __init__(self, trunk: DiT, width: int, tokens: int):
        super().__init__()
        self.trunk, self.positions = trunk, vectors(tokens, width)

    @classmethod
    def build(cls, trunk: DiT, latents: LatentShape, options: Mapping[str, Any]) -> "Independent":
        return cls(trunk, latents.width, latents.tokens, **options)

    def logits(self, condition: Condition) -> CodeLogits:
        return self.trunk(self.positions.expand(len(condition), -1, -1), condition, causal=False).float()

    def loss(self, latents: Codes, condition: Condition) -> Loss:
        return cross_entropy(self.logits(condition).flatten(0, 1), latents.flatten())

    def sample(self, condition: Condition, generator: Generator, temperature: float | int) -> Codes:
        chance = (self.logits(condition) / temperature).softmax(-1)  # [cell token code]
        return torch.multinomial(chance.flatten(0, 1), 1, generator=generator).reshape(len(condition), -1)
