"""Whether positive controls stand first in a ranking, as the paper's authors measure it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from scipy import stats

COVERED = (2.5, 97.5)  # per cent: ends of every interval


@dataclass(frozen=True)
class Enrichment:
    """How early a ranking finds the positives, with what that size means.

    Attributes:
        auc: see `curve_area`.
        low, high: 95% bootstrap interval over targets.
        random_low, random_high: where 95% of random rankings of as many positives and others lie.
        p_value: one-sided, exact: share of all rankings whose positives stand as far in front, by their mean rank.
    """

    auc: float
    low: float
    high: float
    random_low: float
    random_high: float
    p_value: float


def enrichment(
    distance: Float[ndarray, "target"], positive: Bool[ndarray, "target"], *, bootstrap: int, seed: int
) -> Enrichment:
    """How far the positives stand before the others when targets are ranked by distance, the nearest first.

    The interval resamples targets, positives among positives and others among others: it answers "had other
    members of the pathway, and other bystanders, been screened". It leaves out the noise of each centroid, it is
    too narrow for a handful of positives, and has no width when all stand first: so the random rankings and the
    exact p-value (of Mann-Whitney's U) stand beside it. NaN without positives, or with nothing else.
    """
    near, far = distance[positive], distance[~positive]
    if not len(near) or not len(far):
        return Enrichment(*[np.nan] * 6)
    generator = np.random.default_rng(seed)
    places, place = np.unique(distance, return_inverse=True)
    draws = [_resampled_area(place, positive, generator) for _ in range(bootstrap)]
    tied = len(places) < len(distance)
    test = stats.mannwhitneyu(near, far, alternative="less", method="asymptotic" if tied else "exact")
    p_value = 1.0 if len(places) == 1 else float(test.pvalue)
    low, high = np.percentile(draws, COVERED)
    random_low, random_high = np.percentile(_random_areas(len(near), len(far), bootstrap, generator), COVERED)
    reached = curve_area(distance, positive)
    return Enrichment(reached, float(low), float(high), float(random_low), float(random_high), p_value)


def curve_area(distance: Float[ndarray, "target"], positive: Bool[ndarray, "target"]) -> float:
    """Area under the share of positives among the k nearest targets, k = 1..n, over (k - 1) / (n - 1); 0.5 = random.

    The authors' enrichment AUC (trapezoids). All P positives in front give (n - P / 2 - 1 / (2 P)) / (n - 1), a
    little less than 1: 0.999 for 6 of 1,732 targets, 0.92 for 5 of 20. Equal distances: the mean over their orders.
    """
    place = np.unique(distance, return_inverse=True)[1]
    return _counted_area(np.bincount(place[positive], minlength=len(place)), np.bincount(place, minlength=len(place)))


def _counted_area(near: ndarray, both: ndarray) -> float:
    """`curve_area` by how many positives, and how many targets, stand at each place, the nearest first."""
    rank = np.cumsum(both) - (both - 1) / 2  # mean over the orders of what stands at one place
    first, positives = np.argmax(both > 0), int(near.sum())
    return float(_area(near @ rank / positives, near[first] / both[first], int(both.sum()), positives))


def _area(mean_rank: Any, first: Any, targets: int, positives: int) -> Any:
    """`curve_area` by the positives' mean rank and the chance that the nearest target is one of them."""
    return (targets + 0.5 - mean_rank - first / (2 * positives)) / (targets - 1)


def _resampled_area(place: ndarray, positive: ndarray, generator: np.random.Generator) -> float:
    near, far = (
        np.bincount(generator.choice(of, size=len(of)), minlength=len(place))
        for of in (place[positive], place[~positive])
    )
    return _counted_area(near, near + far)


def _random_areas(positives: int, others: int, draws: int, generator: np.random.Generator) -> ndarray:
    targets = positives + others
    ranks = 1 + np.stack([generator.choice(targets, positives, replace=False) for _ in range(draws)])
    return _area(ranks.mean(axis=1), (ranks == 1).any(axis=1), targets, positives)
