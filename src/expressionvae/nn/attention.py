"""Attention and pre-norm transformer blocks; the right margin of each `forward` is the shape."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from expressionvae.tensors import Sequence

Cache = tuple[Tensor, Tensor]  # keys and values of the positions seen so far, each [cell head position channel]


class Attention(nn.Module):
    """Multi-head scaled dot-product attention (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762)."""

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        assert width % heads == 0, f"width {width} is no multiple of {heads} heads"
        self.heads = heads
        self.dropout = dropout
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.output = nn.Linear(width, width)

    def forward(self, x: Tensor, context: Tensor, causal: bool = False, bias: Tensor | None = None) -> Tensor:
        """Let `x` [cell position width] look at `context` [cell other width].

        Args:
            x: with one cell, it stands for all cells of the context, and its queries are computed once.
            bias: [other] added to the scores, see `log_counts`.
        """
        return self.attend(x, context, causal, None, bias)[0]

    def attend(
        self, x: Tensor, context: Tensor, causal: bool, cache: Cache | None, bias: Tensor | None = None
    ) -> tuple[Tensor, Cache]:
        """As `forward`; also return the keys and values, those of `cache` in front."""
        key, value = map(self._split, self.key_value(context).chunk(2, dim=-1))  # [cell head other channel]
        query = self._split(self.query(x)).expand(len(key), -1, -1, -1)  # [cell head position channel]
        if cache is not None:
            assert x.shape[1] == 1, "a cached step takes one position"
            key = torch.cat([cache[0], key], dim=2)  # [cell head seen channel]
            value = torch.cat([cache[1], value], dim=2)  # [cell head seen channel]
        mask = None if bias is None else bias.to(query.dtype).expand(1, 1, query.shape[2], -1)
        attended = F.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, dropout_p=self.dropped, is_causal=causal and cache is None
        )  # [cell head position channel]
        merged = attended.transpose(1, 2).flatten(2)  # [cell position width]
        return self.output(merged), (key, value)

    @property
    def dropped(self) -> float:
        """The share of attention probabilities that is dropped, each cell's by a draw of its own."""
        return self.dropout if self.training else 0.0

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


def log_counts(number: int, dtype: torch.dtype) -> list[float]:
    """Biases with which few tokens count as `number` tokens of their kind: their exponentials add up to it.

    One is enough in float32; of bfloat16, which has two digits, each next one makes up for what those before it lack.
    """
    biases, rest = [], float(number)
    while rest > 1e-5 * number:
        bias = torch.tensor(math.log(rest)).to(dtype)
        if bias.double().exp() > rest * (1 + 1e-6):
            bias = torch.nextafter(bias, torch.tensor(-math.inf, dtype=dtype))
        biases.append(float(bias))
        rest -= math.exp(biases[-1])
    return biases


class FeedForward(nn.Sequential):
    """Two layers with GELU between, and dropout after each."""

    def __init__(self, width: int, hidden: int, dropout: float):
        first, second = nn.Linear(width, hidden), nn.Linear(hidden, width)
        super().__init__(first, nn.GELU(), nn.Dropout(dropout), second, nn.Dropout(dropout))


class CrossBlock(nn.Module):
    """Pre-norm block: self-attention (a switch), cross-attention to a context, feed-forward.

    Dropout is where the authors have it: on the attention probabilities and in the feed-forward, not on what the
    attentions add.
    """

    def __init__(self, width: int, heads: int, feedforward: int, dropout: float, self_attention: bool):
        super().__init__()
        self.self_attention = Attention(width, heads, dropout) if self_attention else None
        self.self_norm = nn.LayerNorm(width) if self_attention else None
        self.cross_attention = Attention(width, heads, dropout)
        self.cross_norm = nn.LayerNorm(width)
        self.feedforward = FeedForward(width, feedforward, dropout)
        self.feedforward_norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, context: Tensor, bias: Tensor | None = None) -> Sequence:
        """Let `x` [cell position width] look at `context` [cell other width], with `bias` as in `Attention`.

        `x` with one cell stands for all: what is the same for every cell is computed once, which is all until the
        first look at the context, unless dropout is drawn before it.
        """
        if self.self_attention is not None and self.self_norm is not None:
            if self.self_attention.dropped:
                x = x.expand(len(context), -1, -1)  # [cell position width]
            normed = self.self_norm(x)  # [cell position width]
            x = x + self.self_attention(normed, normed)  # [cell position width]
        x = x + self.cross_attention(self.cross_norm(x), context, bias=bias)  # [cell position width]
        return x + self.feedforward(self.feedforward_norm(x))  # [cell position width]
