"""When two means differ: further apart than their standard errors explain."""

import math
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
