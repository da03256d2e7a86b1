"""True cells against true cells: the best that a finite sample lets anybody score."""

from collections.abc import Sequence

import numpy as np

from expressionvae.data import batches
from expressionvae.evaluation.comparison import Compared
from expressionvae.metrics.contexts import within_cell_types
from expressionvae.metrics.de import expression
from expressionvae.metrics.effects import average, per_perturbation
from expressionvae.metrics.scores import FLOOR_VARIANTS, distribution_scores

RELIABILITIES = ("pds", "pds_cell_eval", "pr_auc", "spearman_sig", "spearman_lfc", "overlap_at_n", "pearson_delta")


def floor(
    true: Compared, *, components: int, max_cells: int, mmd_sigmas: Sequence[float | int], seed: int
) -> list[dict]:
    """Distances between disjoint sets of true cells, of as many cells as a prediction is scored with.

    Variants `half` (PCA on the first half, as in a run's `half`) and `unbiased` (PCA on a third set).
    """
    return distribution_scores(
        true,
        true,
        components=components,
        max_cells=max_cells,
        mmd_sigmas=mmd_sigmas,
        seed=seed,
        variants=FLOOR_VARIANTS,
    )


@within_cell_types
def ceiling(true: Compared, *, fdr: float, fold_change_epsilon: float, seed: int, threads: int) -> list[dict]:
    """Effect scores of one half of the true cells as a prediction of the other, brought to full depth.

    What cell-eval's `compute_ceiling` does (the same halves for the same seed), with the metrics of `effects` and
    its averages: a perturbation whose score is NaN is left out, where cell-eval's average turns NaN. The two errors
    have no such correction and stay NaN.
    """
    one, other = disjoint_halves(true, seed=seed)
    de_one, de_other = (expression(half, [half.control_cells], threads=threads)[0] for half in (one, other))
    scores = per_perturbation(one, other, de_true=de_one, de_predicted=de_other, fdr=fdr, epsilon=fold_change_epsilon)
    return [_at_full_depth(row) for row in average(scores, variant="ceiling")]


def disjoint_halves(true: Compared, *, seed: int) -> tuple[Compared, Compared]:
    """Two halves of every perturbation and of the controls, of floor(n / 2) cells each, as cell-eval draws them.

    With batches, both have the same of them, but for odd cells, which are dealt in turn.
    """
    random = np.random.default_rng(seed)
    cuts = []
    for label in sorted(set(true.labels)):
        rows = random.permutation(np.flatnonzero(true.labels == label))
        half = len(rows) // 2
        one, other = rows[:half], rows[half:]
        if true.batches is not None:
            one, other = batches.dealt(rows, true.batches, 2)
        cuts.append((one[:half], other[:half]))
    first, second = (np.concatenate(rows) for rows in zip(*cuts, strict=True))
    return true.of(first), true.of(second)


def spearman_brown(reliability: float) -> float:
    """2 r / (1 + r): the reliability of a sample twice as large; NaN unless r > 0."""
    return 2 * reliability / (1 + reliability) if reliability > 0 else float("nan")


def _at_full_depth(row: dict) -> dict:
    value = spearman_brown(row["value"]) if row["metric"] in RELIABILITIES else float("nan")
    return row | {"value": value, "n_valid": row["n_valid"] if value == value else 0}
