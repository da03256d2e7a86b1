"""MDLM: codes are masked and restored, all at once or in steps."""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator

from expressionvae.nn.dit import DiT, TimeEmbedding
from expressionvae.nn.embedding import table, vectors
from expressionvae.priors.base import LatentShape, Prior
from expressionvae.tensors import CodeLogits, Codes, Condition, Loss, Times


class MaskedDiffusion(Prior):
    """Absorbing-state discrete diffusion (Sahoo et al. 2024, https://arxiv.org/abs/2406.07524; paper section 3.2).

    A code is still itself at time t with chance alpha_t = 1 - t. The loss is the cross-entropy of the masked
    codes weighted by 1/t; times are spread evenly over a batch, and those beyond t_eps and 1 - t_eps moved there.

    Args:
        t_eps: smallest time, which bounds the weight 1/t (paper Table 3).
        time_scale: of the time embedding.
    """

    bottleneck = "fsq"

    def __init__(self, trunk: DiT, width: int, tokens: int, codes: int, t_eps: float, time_scale: float):
        super().__init__()
        self.trunk, self.tokens, self.mask = trunk, tokens, codes
        self.t_eps = t_eps
        self.embedding = table(codes + 1, width)
        self.positions = vectors(tokens, width)
        self.time = TimeEmbedding(width, time_scale)

    @classmethod
    def build(cls, trunk: DiT, latents: LatentShape, options: Mapping[str, Any]) -> "MaskedDiffusion":
        return cls(trunk, latents.width, latents.tokens, latents.codes, **options)

    def loss(self, latents: Codes, condition: Condition) -> Loss:
        times = self.times(len(latents), latents.device)  # [cell]
        noised = self.noise(latents, times)  # [cell token]
        return self.weighted_loss(latents, noised, times, condition)

    def times(self, cells: int, device: torch.device) -> Times:
        """One time a cell, evenly spread with a common random offset (low discrepancy)."""
        grid = torch.arange(cells, device=device) / cells
        spread = (grid + torch.rand((), device=device)) % 1
        return spread[torch.randperm(cells, device=device)].clamp(self.t_eps, 1 - self.t_eps)

    def noise(self, codes: Codes, times: Times) -> Codes:
        """Mask each code with chance t: none at t = 0, all at t = 1."""
        masked = torch.rand(codes.shape, device=codes.device) < times[:, None]
        return codes.masked_fill(masked, self.mask)

    def weighted_loss(self, codes: Codes, noised: Codes, times: Times, condition: Condition) -> Loss:
        """Mean over cells and tokens of the masked cross-entropies divided by t."""
        logits = self.logits(noised, times, condition).float()  # [cell token code]
        entropy = F.cross_entropy(logits.flatten(0, 1), codes.flatten(), reduction="none").view_as(codes)
        masked = noised == self.mask  # [cell token]
        return (entropy * masked / times[:, None]).mean()

    def logits(self, noised: Codes, times: Times, condition: Condition) -> CodeLogits:
        x = self.embedding(noised) + self.positions  # [cell token width]
        return self.trunk(x, condition + self.time(times), causal=False)

    def sample(self, condition: Condition, generator: Generator, *, steps: int) -> Codes:  # pyright: ignore[reportIncompatibleMethodOverride]
        """From all masked at t = 1 to none at t = 0; from t to s a masked code is restored with chance (t - s) / t.

        Paper Table 3 has 128 steps. With more than 1 / t_eps of them, times below t_eps are taken as t_eps.
        """
        cells, device = len(condition), condition.device
        codes = torch.full((cells, self.tokens), self.mask, device=device)  # [cell token]
        for step in range(steps, 0, -1):
            time = max(step / steps, self.t_eps)
            times = torch.full((cells,), time, device=device)
            chance = self.logits(codes, times, condition).float().softmax(-1)  # [cell token code]
            drawn = torch.multinomial(chance.flatten(0, 1), 1, generator=generator).view_as(codes)
            uniform = torch.rand(codes.shape, generator=generator, device=device)
            restored = (codes == self.mask) & (uniform < (time - (step - 1) / steps) / time)
            codes = torch.where(restored, drawn, codes)  # [cell token]
        return codes
