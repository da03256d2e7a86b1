"""AR: codes one after the other, each given those before it."""

from collections.abc import Generator as Coroutine
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from expressionvae.nn.attention import Cache
from expressionvae.nn.dit import DiT
from expressionvae.nn.embedding import table, vectors
from expressionvae.priors.base import LatentShape, Prior
from expressionvae.tensors import CodeLogits, Codes, Condition, Loss

Steps = Coroutine[Tensor, Tensor, None]  # yields logits of the next code [cell code], is sent what was drawn [cell 1]


class Autoregressive(Prior):
    """p(c | p) = prod_l p(c_l | c_<l, p) with a causally masked DiT (paper section 3.2).

    The input is [BOS, c_1 .. c_{L-1}]. `positions` adds learned positions; the authors give none, so that
    order enters through the mask alone.
    """

    bottleneck = "fsq"

    def __init__(self, trunk: DiT, width: int, tokens: int, codes: int, positions: bool):
        super().__init__()
        self.trunk, self.tokens, self.bos = trunk, tokens, codes
        self.embedding = table(codes + 1, width)
        self.positions = vectors(tokens, width) if positions else None

    @classmethod
    def build(cls, trunk: DiT, latents: LatentShape, options: Mapping[str, Any]) -> "Autoregressive":
        return cls(trunk, latents.width, latents.tokens, latents.codes, **options)

    def loss(self, latents: Codes, condition: Condition) -> Loss:
        logits = self.logits(latents, condition).float()  # [cell token code]
        return F.cross_entropy(logits.flatten(0, 1), latents.flatten())

    def logits(self, codes: Codes, condition: Condition) -> CodeLogits:
        """Logits of every code given those before it."""
        start = codes.new_full((len(codes), 1), self.bos)
        x = self.embedding(torch.cat([start, codes[:, :-1]], dim=1))  # [cell token width]
        if self.positions is not None:
            x = x + self.positions  # [cell token width]
        return self.trunk(x, condition, causal=True)

    def sample(self, condition: Condition, generator: Generator) -> Codes:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._draw(self._cached_logits(condition), generator)

    def _draw(self, steps: Steps, generator: Generator) -> Codes:
        """Draw L codes: `steps` yields the logits of the next one and is sent what was drawn."""
        drawn: list[Tensor] = []
        logits = next(steps)
        while True:
            chance = logits.float().softmax(-1)  # [cell code]
            drawn.append(torch.multinomial(chance, 1, generator=generator))  # [cell 1]
            if len(drawn) == self.tokens:
                return torch.cat(drawn, dim=1)
            logits = steps.send(drawn[-1])

    def _cached_logits(self, condition: Condition) -> Steps:
        """Logits of the next code [cell code], with keys and values kept: L steps of one position each."""
        caches: list[Cache | None] = [None] * len(self.trunk.blocks)
        code = torch.full((len(condition), 1), self.bos, device=condition.device)
        for position in range(self.tokens):
            x = self.embedding(code)  # [cell 1 width]
            if self.positions is not None:
                x = x + self.positions[position]  # [cell 1 width]
            logits, caches = self.trunk.step(x, condition, caches)  # [cell 1 code]
            code = yield logits[:, 0]
