"""The trunk that every prior shares: a diffusion transformer with adaLN-Zero."""

import math
from typing import cast

import torch
from torch import Tensor, nn

from expressionvae.nn.attention import Attention, Cache, FeedForward
from expressionvae.tensors import Condition, Sequence, Times


class DiTBlock(nn.Module):
    """Self-attention and feed-forward, each shifted, scaled and gated by the condition.

    Peebles & Xie 2023 (https://arxiv.org/abs/2212.09748), section 3.2: the gates start at zero, so that a
    block is the identity before training.
    """

    def __init__(self, width: int, heads: int, feedforward: int, dropout: float, plain_norms: bool):
        super().__init__()
        self.attention_norm = layer_norm(width, plain_norms)
        self.attention = Attention(width, heads, dropout)
        self.feedforward_norm = layer_norm(width, plain_norms)
        self.feedforward = FeedForward(width, feedforward, dropout)
        self.modulation = zero_linear(width, 6 * width)

    def forward(self, x: Sequence, condition: Condition, causal: bool) -> Sequence:
        return self.step(x, condition, causal, None)[0]

    def step(self, x: Tensor, condition: Tensor, causal: bool, cache: Cache | None) -> tuple[Tensor, Cache]:
        """As `forward`, with the keys and values of earlier positions; return them with this step's behind."""
        modulation = self.modulation(condition)[:, None]  # [cell 1 6*width]
        shift_a, scale_a, gate_a, shift_f, scale_f, gate_f = modulation.chunk(6, dim=-1)
        normed = modulate(self.attention_norm(x), shift_a, scale_a)  # [cell position width]
        attended, cache = self.attention.attend(normed, normed, causal, cache)  # [cell position width]
        x = x + gate_a * attended  # [cell position width]
        normed = modulate(self.feedforward_norm(x), shift_f, scale_f)  # [cell position width]
        return x + gate_f * self.feedforward(normed), cache


class DiT(nn.Module):
    """A stack of blocks, a LayerNorm and an output layer (paper section 3.2 and Table 3).

    The authors' trunk differs from Peebles & Xie's in four places; each switch brings back theirs:

    Args:
        plain_norms: LayerNorms without weights and biases, which the modulation stands in for.
        silu_condition: SiLU on the condition before every modulation.
        modulate_output: the last LayerNorm is shifted and scaled by the condition, too.
        zero_output: the output is zero before training.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        layers: int,
        feedforward: int,
        dropout: float,
        outputs: int,
        *,
        plain_norms: bool,
        silu_condition: bool,
        modulate_output: bool,
        zero_output: bool,
    ):
        super().__init__()
        self.activation = nn.SiLU() if silu_condition else nn.Identity()
        self.blocks = nn.ModuleList(DiTBlock(width, heads, feedforward, dropout, plain_norms) for _ in range(layers))
        self.final_norm = layer_norm(width, plain_norms)
        self.final_modulation = zero_linear(width, 2 * width) if modulate_output else None
        self.output = zero_linear(width, outputs) if zero_output else nn.Linear(width, outputs)

    def forward(self, x: Sequence, condition: Condition, causal: bool) -> Tensor:
        condition = self.activation(condition)
        for block in self.blocks:
            x = block(x, condition, causal)  # [cell position width]
        return self._head(x, condition)  # [cell position output]

    def step(self, x: Tensor, condition: Tensor, caches: list[Cache | None]) -> tuple[Tensor, list[Cache | None]]:
        """One more position [cell 1 width] of a causal sequence; `caches` holds one entry a block."""
        condition = self.activation(condition)
        updated: list[Cache | None] = []
        for block, cache in zip(cast(list[DiTBlock], self.blocks), caches, strict=True):
            x, cache = block.step(x, condition, True, cache)  # [cell 1 width]
            updated.append(cache)
        return self._head(x, condition), updated  # [cell 1 output]

    def _head(self, x: Tensor, condition: Tensor) -> Tensor:
        normed = self.final_norm(x)  # [cell position width]
        if self.final_modulation is not None:
            shift, scale = self.final_modulation(condition)[:, None].chunk(2, dim=-1)
            normed = modulate(normed, shift, scale)  # [cell position width]
        return self.output(normed)


class TimeEmbedding(nn.Module):
    """Sinusoids of a time in [0, 1], then a small network (Peebles & Xie 2023).

    Args:
        scale: times are multiplied by it; with 1 all but the fastest sinusoids barely move.
    """

    SLOWEST = 10000.0

    rates: Tensor

    def __init__(self, width: int, scale: float):
        super().__init__()
        self.scale = scale
        half = width // 2
        steps = torch.arange(half) / max(half - 1, 1)  # 0 for the fastest sinusoid to 1 for the slowest
        self.register_buffer("rates", torch.exp(-math.log(self.SLOWEST) * steps), persistent=False)
        self.network = nn.Sequential(nn.Linear(2 * half, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, times: Times) -> Condition:
        angles = self.scale * times[:, None].float() * self.rates  # [cell half]
        return self.network(torch.cat([angles.sin(), angles.cos()], dim=-1))  # [cell width]


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    return x * (1 + scale) + shift


def layer_norm(width: int, plain: bool) -> nn.LayerNorm:
    """A LayerNorm with weight and bias, or (`plain`) Peebles & Xie's without."""
    return nn.LayerNorm(width, eps=1e-6, elementwise_affine=False) if plain else nn.LayerNorm(width, eps=1e-5)


def zero_linear(inputs: int, outputs: int) -> nn.Linear:
    """A linear layer whose output is zero before training."""
    layer = nn.Linear(inputs, outputs)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
