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

        When a code is restored does not depend on the network: it is drawn beforehand, and each cell passes through
        the network in those of its steps alone in which some code of it is restored, at its own times. That is the
        same distribution in fewer passes, at most one a token.
        """
        cells, device = len(condition), condition.device
        step = self.restored(cells, steps, generator, device)  # [cell token]
        turn = turns(step)  # [cell token], 0 for the codes that come first in their cell
        order = turn.amax(1).argsort(descending=True, stable=True)  # cells that still have turns stay in front
        step, turn, condition = step[order], turn[order], condition[order]
        passes = (turn.amax(1) + 1)[:, None] > torch.arange(self.tokens, device=device)  # [cell turn]
        codes = torch.full((cells, self.tokens), self.mask, device=device)  # [cell token]
        for number, active in enumerate(passes.sum(0).tolist()):
            if not active:
                break
            now = turn[:active] == number  # [active token]
            times = ((step[:active] * now).amax(1) / steps).clamp(min=self.t_eps)  # [active], of each its own
            chance = self.logits(codes[:active], times, condition[:active]).float().softmax(-1)  # [active token code]
            drawn = torch.multinomial(chance.flatten(0, 1), 1, generator=generator).view_as(now)  # [active token]
            codes[:active] = torch.where(now, drawn, codes[:active])
        return torch.empty_like(codes).index_copy_(0, order, codes)

    def restored(self, cells: int, steps: int, generator: Generator, device: torch.device) -> Codes:
        """In which step each code is restored [cell token], counted down from `steps` to 1."""
        ends = torch.arange(steps, 0, -1, dtype=torch.float64)
        times = (ends / steps).clamp(min=self.t_eps)  # [step]
        chance = (times - (ends - 1) / steps) / times  # [step], of a code that is masked
        by_then = 1 - (1 - chance).cumprod(0)  # [step], 1 at the last
        uniform = torch.rand((cells, self.tokens), generator=generator, device=device, dtype=torch.float64)
        return steps - torch.searchsorted(by_then[:-1].to(device), uniform, right=True)


def turns(step: Codes) -> Codes:
    """The place of each number among the different ones of its row [cell token], 0 for the largest."""
    values, place = step.sort(dim=1, descending=True)
    rank = (values.diff(dim=1, prepend=values[:, :1]) != 0).cumsum(1)
    return torch.empty_like(rank).scatter_(1, place, rank)
