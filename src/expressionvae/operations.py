"""Floating-point operations of the networks, from the config's sizes; a multiply-add counts as two.

Matrix products alone: what else is computed is little. Standard library only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TRAINING = 3.0  # a backward pass costs about two forward passes


@dataclass(frozen=True)
class VaeOperations:
    """Of a forward pass of stage 1.

    Attributes:
        encoder: of a cell, with a token for each gene (in evaluation, genes without a count share one: less).
        decoder: of a cell, without what is the same for every cell.
        shared: the decoder's of a batch: self-attention among genes that have not yet seen the cell, and the queries.
        dropout: whether dropout is drawn in training: then each cell has what is shared for itself.
    """

    encoder: float
    decoder: float
    shared: float
    dropout: bool

    @classmethod
    def of(cls, size: Mapping[str, Any], tokens: int, genes: int) -> "VaeOperations":
        """`size` is the config's `vae.model`."""
        d, f, G, L = size["width"], size["feedforward"], genes, tokens
        cross = 4 * G * L * d  # scores and values between genes and tokens, either way round
        encoder = 2 * G * d + 2 * G * d * d
        encoder += size["encoder_blocks"] * (8 * L * d * d + 4 * L * L * d + 4 * L * d * d + 4 * G * d * d + cross)
        encoder += size["encoder_blocks"] * 4 * L * d * f
        among_genes = (8 * G * d * d + 4 * G * G * d) if size["decoder_self_attention"] else 0
        block = among_genes + 4 * G * d * d + 4 * L * d * d + cross + 4 * G * d * f
        shared = float(among_genes + 2 * G * d * d)
        return cls(float(encoder), float(size["decoder_blocks"] * block) - shared, shared, size["dropout"] > 0)

    def training_step(self, cells: int) -> float:
        """Of a batch, forward and backward."""
        return TRAINING * (cells * (self.encoder + self.decoder) + (cells if self.dropout else 1) * self.shared)


def prior_operations(size: Mapping[str, Any], tokens: int, outputs: int) -> float:
    """Of a forward pass of the DiT over one cell's tokens; `size` is the config's `prior.model`."""
    d, f, L = size["width"], size["feedforward"], tokens
    layer = 8 * L * d * d + 4 * L * L * d + 4 * L * d * f + 12 * d * d
    return float(size["layers"] * layer + 2 * L * d * outputs)
