"""How rich a decoder is: what it leaves to chance when it decodes the same latents again."""

from collections.abc import Sequence

import numpy as np
from numpy import ndarray

from expressionvae.arrays import Linear
from expressionvae.evaluation.comparison import comparison_space
from expressionvae.files import UserError

RICHNESS_COLUMNS = ["metric", "value", "n_cells", "n_draws"]


def richness(draws: Sequence[Linear], *, rescale_to: float | int) -> list[dict]:
    """Rows of `RICHNESS_COLUMNS` for the same latents decoded several times, on the linear scale.

    A draw is [cell gene], non-negative, from a seed of its own; latents and libraries are the same in all.
    Nothing is asked of the head, so that any head can be measured; the paper orders its decoders by richness in
    words (section 4.2) and never measures it.

    spread: variance over draws in the comparison space (n - 1 in the denominator), mean over cells and genes.
    entropy: bits of the draws' own frequencies on the linear scale, mean over cells and genes; at most
        log2(number of draws), which a continuous distribution always reaches.
    zero_fraction: share of zeros among all draws.

    `spread` and `entropy` are exactly 0 when all draws are equal, as a deterministic decoder's are.
    Raises UserError where a draw is not finite.
    """
    assert len(draws) > 1, "one draw tells no variance"
    linear = np.stack(draws)  # [draw cell gene]
    if not np.isfinite(linear).all():
        raise UserError("the decoder gives numbers that are not finite: its training diverged")
    log = np.stack([comparison_space(draw, rescale_to=rescale_to).toarray() for draw in draws]).astype(np.float64)
    values = {
        # Shifted by the first draw: equal draws differ by exactly 0, where a mean is off by a rounding error.
        "spread": float((log - log[0]).var(axis=0, ddof=1).mean()),
        "entropy": float(_entropy(linear).mean()),
        "zero_fraction": float((linear == 0).mean()),
    }
    sizes = {"n_cells": linear.shape[1], "n_draws": len(draws)}
    return [{"metric": metric, "value": value, **sizes} for metric, value in values.items()]


def _entropy(draws: ndarray) -> ndarray:
    """Entropy in bits of the values' frequencies along the first axis."""
    total = np.zeros(draws.shape[1:])
    for draw in draws:
        total -= np.log2((draws == draw).mean(axis=0))
    return np.abs(total / len(draws))  # not -0.0


def chosen_rows(cells: int, wanted: int) -> ndarray:
    """At most `wanted` rows of 0..cells-1, evenly spaced, so that every perturbation of a sorted query has some."""
    return np.unique(np.linspace(0, cells - 1, min(wanted, cells)).round().astype(int))
