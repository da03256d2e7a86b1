"""Scores of a frozen embedding of a reversion screen (paper section 4.3): separability and enrichment."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy import ndarray
from scipy import sparse, stats

from expressionvae.data.reversion_screen import ReversionScreen
from expressionvae.files import UserError, written
from expressionvae.metrics.enrichment import COVERED, enrichment

log = logging.getLogger(__name__)

COLUMNS = [
    "embedding", "metric", "value", "low", "high", "random_low", "random_high", "p_value",
    "positives", "targets", "cells",
]  # fmt: skip
METRICS = ("gene_ch_treated", "gene_ch_untreated", "enrichment_auc", "selectivity_auc")

Rows = Float[ndarray, "cell feature"] | sparse.csr_matrix


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


def write(scored: Sequence[tuple[pd.DataFrame, pd.DataFrame]], scores: str | Path, targets: str | Path) -> None:
    """Write the scores and the rankings of several embeddings of one screen as two CSV files."""
    for tables, path in zip(zip(*scored, strict=True), (scores, targets), strict=True):
        table = pd.concat(tables, ignore_index=True)
        with written(path) as temporary:
            table.to_csv(temporary, index=False, float_format="%.10g")
    log.info(pd.concat([table for table, _ in scored])[["embedding", *COLUMNS[1:8]]].to_string(index=False))
