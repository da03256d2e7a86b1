"""Scores of a frozen embedding of a reversion screen (paper section 4.3): separability and enrichment."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from numpy import ndarray
from scipy import sparse, stats

from expressionvae.data.reversion_screen import ReversionScreen
from expressionvae.files import UserError, written

log = logging.getLogger(__name__)

COLUMNS = [
    "embedding", "metric", "value", "low", "high", "random_low", "random_high", "p_value",
    "positives", "targets", "cells",
]  # fmt: skip
METRICS = ("gene_ch_treated", "gene_ch_untreated", "enrichment_auc", "selectivity_auc")
COVERED = (2.5, 97.5)  # per cent: ends of every interval

Rows = Float[ndarray, "cell feature"] | sparse.csr_matrix


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


def score(
    name: str, embedding: Rows, screen: ReversionScreen, *, shuffles: int, bootstrap: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores (`COLUMNS`) and ranking of one embedding, one row a cell of `screen`.

    The ranking has a row a target: target, positive, cells, distance (cosine, from the untreated controls to the
    target's treated cells), rank, the nearest first, and distance_untreated, the same of its untreated cells (NaN where
    none are scored). Rows are L2-normalised here.

    `selectivity_auc` ranks by how much nearer the treated cells are than the untreated ones, over targets that have
    both: the authors' fourth metric, of which the paper's section 4.3 speaks and prints no number.
    """
    unit = normalised(embedding)
    ranking = _ranking(unit, screen)
    positive = ranking["positive"].to_numpy(bool)
    rows = []
    for metric, treated in (("gene_ch_treated", True), ("gene_ch_untreated", False)):
        cells = screen.scored(treated)
        labels = np.unique(screen.target[cells], return_inverse=True)[1]
        value, low, high = separability(unit[cells], labels, shuffles=shuffles, seed=seed)
        sizes = {"targets": len(set(labels.tolist())), "cells": int(cells.sum())}
        rows.append({"metric": metric, "value": value, "random_low": low, "random_high": high, **sizes})
    result = enrichment(ranking["distance"].to_numpy(), positive, bootstrap=bootstrap, seed=seed)
    sizes = {"targets": len(ranking), "cells": int(ranking["cells"].sum()), "positives": int(positive.sum())}
    rows.append({"metric": "enrichment_auc", "value": result.auc, **vars(result), **sizes})
    both = ranking["distance_untreated"].notna().to_numpy()
    gain = (ranking["distance"] - ranking["distance_untreated"]).to_numpy()[both]
    sizes = {
        "targets": int(both.sum()),
        "cells": int(ranking["cells"][both].sum()),
        "positives": int(positive[both].sum()),
    }
    rows.append({"metric": "selectivity_auc", **_selectivity(gain, positive[both], bootstrap, seed), **sizes})
    table = pd.DataFrame(rows, columns=[column for column in COLUMNS if column != "embedding"])
    table = table.astype({"positives": "Int64"})
    table.insert(0, "embedding", name)
    ranking.insert(0, "embedding", name)
    return table, ranking


def _selectivity(gain: ndarray, positive: ndarray, bootstrap: int, seed: int) -> dict[str, float]:
    """Enrichment of the positives among the most negative gains; nothing where no positive or no other has both."""
    if not 0 < positive.sum() < len(positive):
        return {"value": np.nan}
    result = enrichment(np.round(gain, 12), positive, bootstrap=bootstrap, seed=seed)
    return {"value": result.auc, **vars(result)}


def normalised(embedding: Rows) -> Rows:
    """Rows of length 1 in float64; a row of zeros stays.

    Raises: UserError where a number is not finite: the row would stay too, and its target be ranked last.
    """
    odd = ~np.isfinite(embedding.data if sparse.issparse(embedding) else np.asarray(embedding))
    if odd.any():
        raise UserError(f"{int(odd.sum())} numbers of the embedding are not finite: its encoder's training diverged")
    if sparse.issparse(embedding):
        length = np.sqrt(np.asarray(embedding.multiply(embedding).sum(axis=1), dtype=np.float64)).ravel()
        scale = np.divide(1.0, length, out=np.zeros_like(length), where=length > 0)
        return sparse.csr_matrix(sparse.diags_array(scale) @ embedding)
    dense = np.asarray(embedding, dtype=np.float64)
    length = np.linalg.norm(dense, axis=1, keepdims=True)
    return np.divide(dense, length, out=np.zeros_like(dense), where=length > 0)


def separability(rows: Rows, labels: ndarray, *, shuffles: int, seed: int) -> tuple[float, float, float]:
    """Gene CH: the Calinski-Harabasz score of labels, divided by its mean over shuffles of them; 1 = none.

    Also the ends of the interval that holds 95% of the shuffles, on the same scale. NaN with one label, or as
    many as rows. labels are 0..k-1. The paper names the score only; dividing by 30 shuffles is the authors' way.
    """
    kinds = int(labels.max()) + 1 if len(labels) else 0
    if kinds < 2 or len(labels) <= kinds:
        return np.nan, np.nan, np.nan
    generator = np.random.default_rng(seed)
    total = _total(rows)
    if total[1] <= 1e-12 * len(labels):  # rows of length 1 that are all alike: nothing but rounding to tell apart
        return np.nan, np.nan, np.nan
    null = [_calinski_harabasz(rows, generator.permutation(labels), kinds, total) for _ in range(shuffles)]
    mean = float(np.mean(null))
    if not mean > 0:  # NaN: a shuffle left no spread within the labels
        return np.nan, np.nan, np.nan
    low, high = np.percentile(null, COVERED) / mean
    return _calinski_harabasz(rows, labels, kinds, total) / mean, float(low), float(high)


def _total(rows: Rows) -> tuple[ndarray, float]:
    """Mean row, and sum of squared distances from it."""
    mean = np.asarray(rows.mean(axis=0), dtype=np.float64).ravel()
    squares = rows.multiply(rows).sum() if sparse.issparse(rows) else np.square(np.asarray(rows)).sum()
    return mean, float(squares) - cast(Any, rows).shape[0] * float(mean @ mean)


def _calinski_harabasz(rows: Rows, labels: ndarray, kinds: int, total: tuple[ndarray, float]) -> float:
    """scikit-learn's score; its loop over labels would take minutes at 1,700 labels and 800,000 cells."""
    mean, spread = total
    sizes = np.bincount(labels, minlength=kinds)
    between = float((sizes * np.square(_centroids(rows, labels, kinds) - mean).sum(axis=1)).sum())
    within = spread - between
    return between / within * (len(labels) - kinds) / (kinds - 1) if within > 0 else np.nan


def _centroids(rows: Rows, labels: ndarray, kinds: int) -> Float[ndarray, "kind feature"]:
    count = len(labels)
    member = sparse.csr_matrix((np.ones(count), (labels, np.arange(count))), shape=(kinds, count))
    sums = member @ rows
    dense = sums.toarray() if sparse.issparse(sums) else np.asarray(sums)
    return dense / np.bincount(labels, minlength=kinds)[:, None]


def _ranking(unit: Rows, screen: ReversionScreen) -> pd.DataFrame:
    resting = np.asarray(unit[screen.resting].mean(axis=0)).ravel()
    targets, distance, sizes = _distances(unit, screen, resting, treated=True)
    known, untreated, _ = _distances(unit, screen, resting, treated=False)
    table = pd.DataFrame(
        {"target": targets, "positive": np.isin(targets, screen.positives), "cells": sizes, "distance": distance}
    )
    table["rank"] = stats.rankdata(distance)
    table["distance_untreated"] = pd.Series(untreated, index=known).reindex(targets).to_numpy()
    return table.sort_values("distance", ignore_index=True)


def _distances(
    unit: Rows, screen: ReversionScreen, resting: ndarray, *, treated: bool
) -> tuple[ndarray, ndarray, ndarray]:
    """Targets of one condition, how far each one's centroid is from the resting cells, and its number of cells."""
    cells = screen.scored(treated)
    targets, labels, sizes = np.unique(screen.target[cells].astype(str), return_inverse=True, return_counts=True)
    return targets, cosine_distance(_centroids(unit[cells], labels, len(targets)), resting), sizes


def cosine_distance(centroids: Float[ndarray, "target feature"], other: Float[ndarray, "feature"]) -> ndarray:
    """1 - cosine; 1 for a centroid of zeros."""
    length = np.linalg.norm(centroids, axis=1) * np.linalg.norm(other)
    cosine = np.divide(centroids @ other, length, out=np.zeros(len(centroids)), where=length > 0)
    return np.round(1 - cosine, 12)  # what differs by rounding error only is tied


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


def write(scored: Sequence[tuple[pd.DataFrame, pd.DataFrame]], scores: str | Path, targets: str | Path) -> None:
    """Write the scores and the rankings of several embeddings of one screen as two CSV files."""
    for tables, path in zip(zip(*scored, strict=True), (scores, targets), strict=True):
        table = pd.concat(tables, ignore_index=True)
        with written(path) as temporary:
            table.to_csv(temporary, index=False, float_format="%.10g")
    log.info(pd.concat([table for table, _ in scored])[["embedding", *COLUMNS[1:8]]].to_string(index=False))
