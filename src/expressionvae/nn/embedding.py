"""Learned vectors that start small and alike: genes, queries, slots, codes, positions, cell types."""

import torch
from torch import nn

SPREAD = 0.02  # standard deviation before training, of all of them, as in the authors' code


def vectors(rows: int, width: int) -> nn.Parameter:
    """Rows that are always used together."""
    return nn.Parameter(SPREAD * torch.randn(rows, width))


def table(rows: int, width: int) -> nn.Embedding:
    """Rows to be looked up."""
    made = nn.Embedding(rows, width)
    nn.init.normal_(made.weight, std=SPREAD)
    return made
