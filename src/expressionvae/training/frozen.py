"""Frozen encoders look at cells that they were not trained on (paper section 4.3)."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray

from expressionvae.progress import Progress
from expressionvae.training.device import best_device, precision
from expressionvae.vae.build import Blueprint, build
from expressionvae.vae.model import ExpressionVAE


@runtime_checkable
class Block(Protocol):
    """Some cells, as `data.reversion_screen.blocks` yields them: CSR counts [cell gene] and size factors [cell]."""

    counts: Any
    size_factor: Any


def untrained(blueprint: Blueprint, *, seed: int) -> ExpressionVAE:
    """A model of the same blueprint with fresh weights, frozen: what the architecture alone makes of a cell."""
    torch.manual_seed(seed)
    return build(blueprint).to(best_device()).eval().requires_grad_(False)


@torch.no_grad()
def embed(
    models: Sequence[ExpressionVAE], blocks: Iterable[Block], *, cells: int, batch_size: int
) -> list[Float[ndarray, "cell feature"]]:
    """The encoder's projection of every cell, tokens side by side: one float32 array a model.

    It is what the bottleneck's `project` gives: before tanh bounds it (FSQ), before the layer that makes the posterior
    (Gaussian), as in the authors' code. The blocks are read once for all models, and hold `cells` cells together.
    """
    device, done = best_device(), 0
    arrays: list[ndarray] = []
    progress = Progress("embed", cells)
    for block in blocks:
        for start in range(0, len(block.size_factor), batch_size):
            some = slice(start, start + batch_size)
            counts = torch.from_numpy(block.counts[some].toarray()).to(device)
            size_factor = torch.from_numpy(block.size_factor[some]).to(device)
            with precision(device):
                parts = [model.bottleneck.project(model.states(counts, size_factor)) for model in models]
            parts = [part.flatten(1).float().cpu().numpy() for part in parts]
            arrays = arrays or [np.empty((cells, part.shape[1]), np.float32) for part in parts]
            for array, part in zip(arrays, parts, strict=True):
                array[done : done + len(part)] = part
            done += len(counts)
            progress.advance(len(counts))
    assert done == cells, (done, cells)
    return arrays
