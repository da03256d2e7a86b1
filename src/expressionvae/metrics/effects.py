"""Scores of perturbation effects: the metrics of cell-eval as the paper's authors compute them.

Each function takes arrays [perturbation, gene] and gives one number a perturbation, NaN where the score is not
defined: `average` leaves such a perturbation out and says how many counted. Where the authors' code and cell-eval
agree, so do these (tests hold them to cell-eval); where they do not, the authors' code stands:

- `pds` subtracts the true controls from both sides; cell-eval's subtracts each side's own (`pds_cell_eval`).
- fold changes have the dataset's epsilon, and pairs that are not finite are left out; cell-eval has none and ranks
  infinities.
- `overlap_at_n` is not defined without a truly significant gene; cell-eval gives 0.
- `pearson_delta` of a shift that is the same for all genes is 0; cell-eval gives NaN.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from expressionvae.catalogue import metrics
from expressionvae.evaluation.comparison import Compared, mean_cell, mean_cells
from expressionvae.metrics.de import Expression
from expressionvae.metrics.measures import measured

SMALLEST_FDR = 1e-10  # below it PR-AUC ranks genes alike, as cell-eval and the authors do
SMALLEST_SPREAD = 1e-8  # product of two shifts' norms below which they have no correlation, as in the authors' code

PerGene = Float[ndarray, "perturbation gene"]
Flags = Bool[ndarray, "perturbation gene"]
Scores = Float[ndarray, "perturbation"]


def versions() -> dict[str, str]:
    """Versions of the packages on which the scores depend."""
    from importlib.metadata import version

    return {name: version(name) for name in ("numpy", "scipy", "scikit-learn", "POT")}


def per_perturbation(
    true: Compared,
    predicted: Compared,
    *,
    de_true: Expression,
    de_predicted: Expression,
    fdr: float,
    epsilon: float,
) -> dict[str, Scores]:
    """Every metric on effects and fold changes, in the order of the cards.

    Both sides bring their own controls and their own differential expression.
    """
    sides = {"de_true": de_true, "de_predicted": de_predicted}
    scores = measured("effects", true, predicted, fdr=fdr, **sides)
    scores |= measured("fold changes", de_true, de_predicted, fdr=fdr, epsilon=epsilon)
    return {name: scores[name] for name in metrics.on("effects", "fold changes")}


def of_shifts(
    true: Compared, predicted: Compared, *, de_true: Expression, de_predicted: Expression, fdr: float
) -> dict[str, Scores]:
    """The metrics on effects."""
    x, y = mean_cells(true), mean_cells(predicted)
    own, other = (mean_cell(side.control_cells) for side in (true, predicted))
    names, genes = true.perturbations, true.genes
    return {
        "pds": pds(x - own, y - own, perturbations=names, genes=genes),
        "pds_cell_eval": pds(x - own, y - other, perturbations=names, genes=genes),
        "pr_auc": pr_auc(de_true.fdr, de_predicted.fdr, fdr=fdr),
        "spearman_sig": spearman_sig(de_true.fdr < fdr, de_predicted.fdr < fdr),
        "pearson_delta": pearson_delta(x - own, y - other),
        "mae_pseudobulk": np.abs(x - y).mean(axis=1),
    }


def of_fold_changes(de_true: Expression, de_predicted: Expression, *, fdr: float, epsilon: float) -> dict[str, Scores]:
    """The metrics on fold changes, with `epsilon` in those of both sides."""
    x, y = de_true.fold_change(epsilon), de_predicted.fold_change(epsilon)
    significant = de_true.fdr < fdr
    return {
        "spearman_lfc": spearman_lfc(x, y, significant),
        "overlap_at_n": overlap_at_n(y, significant, de_predicted.fdr < fdr),
        "mae_lfc": mae_lfc(x, y, significant),
    }


def pds(true: PerGene, predicted: PerGene, *, perturbations: list[str], genes: ndarray) -> Scores:
    """Perturbation discrimination: 1 - r / n, r the number of other true shifts nearer than one's own.

    Nearness is the L1 distance, without the gene whose name is the perturbation's. Of true shifts at the same
    distance, those of earlier perturbations count as nearer. NaN for a single perturbation, which has no rank.
    """
    from scipy.spatial.distance import cdist

    n = len(perturbations)
    if n < 2:
        return np.full(n, np.nan)
    column, scores, true = {gene: j for j, gene in enumerate(genes)}, np.empty(n), true.copy()
    for i, name in enumerate(perturbations):
        own = column.get(name)
        kept = true[:, own].copy() if own is not None else None
        if own is not None:
            true[:, own] = predicted[i, own]  # its difference is 0
        distance = cdist(predicted[[i]], true, "cityblock")[0]
        if own is not None:
            true[:, own] = kept
        rank = np.count_nonzero(distance < distance[i]) + np.count_nonzero(distance[:i] == distance[i])
        scores[i] = 1 - rank / n
    return scores


def pr_auc(true_fdr: PerGene, predicted_fdr: PerGene, *, fdr: float) -> Scores:
    """Average precision of -log10(predicted FDR) for true FDR < `fdr`; NaN where all genes are alike in truth."""
    strength = -np.log10(np.clip(predicted_fdr, SMALLEST_FDR, 1.0))
    return np.array([_average_precision(*pair) for pair in zip(true_fdr < fdr, strength, strict=True)])


def _average_precision(positive: ndarray, strength: ndarray) -> float:
    """Sum over thresholds of precision times the recall gained, genes of equal strength at one threshold."""
    total = np.count_nonzero(positive)
    if total in (0, len(positive)):
        return np.nan
    order = np.argsort(-strength, kind="stable")
    last = np.append(np.flatnonzero(np.diff(strength[order])), len(order) - 1)  # of each threshold's genes
    hits = np.cumsum(positive[order])[last]
    return float(np.sum(np.diff(hits, prepend=0) * hits / (last + 1)) / total)


def spearman_sig(true: Flags, predicted: Flags) -> Scores:
    """Spearman correlation of the numbers of significant genes, over the perturbations that truly have one.

    One number, repeated for each of those; NaN for the others, and for all where fewer than two are left or their
    numbers are the same on a side.
    """
    counted = true.any(axis=1)
    value = _spearman(true.sum(axis=1)[counted], predicted.sum(axis=1)[counted])
    return np.where(counted, value, np.nan)


def spearman_lfc(true: PerGene, predicted: PerGene, significant: Flags) -> Scores:
    """Spearman correlation of fold changes over truly significant genes, those that are finite on both sides."""
    return np.array([_spearman(x, y) for x, y in _finite(true, predicted, significant)])


def overlap_at_n(predicted: PerGene, true_significant: Flags, predicted_significant: Flags) -> Scores:
    """Share of the N truly significant genes among the N strongest of the significantly predicted.

    Strength is the absolute fold change, of which an infinite one is the greatest and an undefined one the least;
    equal ones stand in panel order. NaN without a truly significant gene.
    """
    strength = np.where(np.isnan(predicted), -1.0, np.abs(predicted))
    strength[~predicted_significant] = -2.0
    scores = np.full(len(predicted), np.nan)
    for i, (wanted, found) in enumerate(zip(true_significant, predicted_significant, strict=True)):
        n = np.count_nonzero(wanted)
        if n:
            top = np.argsort(-strength[i], kind="stable")[: min(n, np.count_nonzero(found))]
            scores[i] = np.count_nonzero(wanted[top]) / n
    return scores


def mae_lfc(true: PerGene, predicted: PerGene, significant: Flags) -> Scores:
    """Mean absolute difference of fold changes over truly significant genes, those that are finite on both sides.

    "MAE-l2" of the paper's Table 9; cell-eval has no such metric.
    """
    pairs = _finite(true, predicted, significant)
    return np.array([np.abs(x - y).mean() if len(x) else np.nan for x, y in pairs])


def pearson_delta(true: PerGene, predicted: PerGene) -> Scores:
    """Pearson correlation of shifts over all genes; 0 where a shift is the same for all genes."""
    x, y = (shift - shift.mean(axis=1, keepdims=True) for shift in (true, predicted))
    spread = np.sqrt(np.sum(x**2, axis=1) * np.sum(y**2, axis=1))
    return np.sum(x * y, axis=1) / np.maximum(spread, SMALLEST_SPREAD)


def _finite(true: PerGene, predicted: PerGene, significant: Flags) -> list[tuple[ndarray, ndarray]]:
    counted = significant & np.isfinite(true) & np.isfinite(predicted)
    return [(x[which], y[which]) for x, y, which in zip(true, predicted, counted, strict=True)]


def _spearman(x: ndarray, y: ndarray) -> float:
    from scipy.stats import rankdata

    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return np.nan
    return float(np.corrcoef(rankdata(x), rankdata(y))[0, 1])


def average(scores: Mapping[str, Scores], *, variant: str) -> list[dict]:
    """Mean of each metric over the perturbations that define it, and how many these are."""
    rows = []
    for metric, values in scores.items():
        valid = values[np.isfinite(values)]
        value = float(valid.mean()) if len(valid) else float("nan")
        rows.append(
            {"metric": metric, "variant": variant, "value": value, "n_valid": len(valid), "n_total": len(values)}
        )
    return rows
