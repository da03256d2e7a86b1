"""When two means differ: further apart than their standard errors explain."""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from scipy.stats import t as student

LEVEL = 0.05  # of a two-sided comparison, shared among the comparisons that one verdict rests on


@cache
def limit(freedom: int, shared: int = 1) -> float:
    """How many combined standard errors apart two means have to be."""
    return float(student.ppf(1 - LEVEL / 2 / shared, freedom))


def level(
    means: Float[ndarray, "row"], errors: Float[ndarray, "row"], counts: Float[ndarray, "row"], best: int
) -> Bool[ndarray, "row"]:
    """Which means cannot be told from that of the row `best`: not further from it than noise.

    errors: standard errors of the means, NaN where there is none (one replicate), which counts as 0; counts:
    replicates.
    """
    squared = np.nan_to_num(errors) ** 2
    freedom = np.where(squared > 0, np.nan_to_num(counts) - 1, 0)
    apart = np.abs(means - means[best])
    noise = [
        limit(int(freedom[i] + freedom[best])) * math.sqrt(squared[i] + squared[best])
        if freedom[i] + freedom[best] > 0
        else 0.0
        for i in range(len(means))
    ]
    return apart <= np.array(noise)


def alone(
    means: Float[ndarray, "row"],
    errors: Float[ndarray, "row"],
    counts: Float[ndarray, "row"],
    *,
    lower: bool,
    printed: Callable[[float], str],
) -> int | None:
    """The row of the best mean, where no other prints the same or lies within noise of it (see `level`); else None.

    means: all finite, one or more; lower: whether the smallest is the best.
    """
    first = int(np.argmin(means) if lower else np.argmax(means))
    tied = level(means, errors, counts, first)
    tied |= [printed(float(mean)) == printed(float(means[first])) for mean in means]
    return first if int(tied.sum()) == 1 else None
