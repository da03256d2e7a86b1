"""The metrics: one card each. To add one: a function that measures it, its card here, its name in a table's columns.

A metric's measure is a function of `expressionvae.metrics` that gives numbers by name of metric, its own among them;
metrics that share work share one. What it is called with is the business of its subject (`SUBJECTS`).
"""

from dataclasses import dataclass
from typing import Literal

Family = Literal["Distribution", "Moments", "Identity", "DE-discovery", "Mean-ranking", "Hybrid", "Error"]
Subject = Literal["clouds", "cells", "types", "effects", "fold changes"]

# The variant that has the paper's protocol; those of the subject "types": which cells the classifier was trained on.
PAPER, TRAINING, WITH_TRUE = "paper", "training", "with-true"
# Identity that is this much under the true cells' has a footnote, and fails the claim: of five cells one is then of
# another type beyond what the classifier itself mistakes.
FAR = 0.2

# What a measure of each subject is called with, and gives; `**others` lets one ignore what it does not need.
SUBJECTS: dict[str, str] = {
    "clouds": "(true, predicted, *, mmd_sigmas, ridge): both [cell component], in a PCA basis; a number a metric",
    "cells": "(true, predicted): both [cell gene], sparse, in comparison space, rows paired; a number a metric",
    "types": "(true, predicted, *, is_control): whether each is called of the wanted cell type, and is "
    "a control, [cell]; a number a metric",
    "effects": "(true, predicted, *, de_true, de_predicted, fdr): `Compared` and their `Expression`; "
    "an array [perturbation] a metric, NaN where it is not defined",
    "fold changes": "(de_true, de_predicted, *, fdr, epsilon): `Expression` of both sides; "
    "an array [perturbation] a metric, NaN where it is not defined",
}


@dataclass(frozen=True)
class MetricCard:
    """How one metric is measured and shown.

    Attributes:
        name: in score files and configs.
        plain, unicode, latex: its short header (Table 1); `long` is Figure 2's.
        direction: which end is better; "none": neither, so nothing is the best and no arrow stands in the header.
        family: which metrics it stands with.
        decimals: how it is printed.
        subject: what it is measured on: "clouds", "cells" and "types" stand in distribution.csv, the others in
            effects.csv.
        measure: module and function that measures it.
        log: it spans orders of magnitude (a distance, >= 0), so that a heatmap shades it on a logarithmic scale.
    """

    name: str
    plain: str
    unicode: str
    latex: str
    long: str
    direction: Literal["lower", "higher", "none"]
    family: Family
    decimals: int
    subject: Subject
    measure: str
    log: bool = False

    @property
    def of_cells(self) -> bool:
        """Whether it is about cells (distribution.csv), and not effects of perturbations (effects.csv)."""
        return self.subject in ("clouds", "cells", "types")

    @property
    def shown(self) -> str:
        """The variant that tables and figures show."""
        return TRAINING if self.subject == "types" else PAPER


def _identity(name: str, title: str, long: str, direction: Literal["higher", "none"]) -> MetricCard:
    return MetricCard(
        name, title, title, title, long, direction, "Identity", 3, "types",
        "expressionvae.metrics.identity.shares",
    )  # fmt: skip


_DISTANCES = "expressionvae.metrics.distribution.distances"
_MOMENTS = "expressionvae.metrics.moments.moments"
_EFFECTS = "expressionvae.metrics.effects.of_shifts"
_FOLD_CHANGES = "expressionvae.metrics.effects.of_fold_changes"

# Score files have them in this order. Names and directions: the paper's Table 1, Figure 2 and section 4 ("Metrics").
METRICS: dict[str, MetricCard] = {
    card.name: card
    for card in (
        MetricCard("w2", "W2", "W₂", r"$W_2$", "W2", "lower", "Distribution", 3, "clouds", _DISTANCES, log=True),
        MetricCard(
            "mmd2", "MMD2", "MMD²", r"MMD$^2$", "MMD²", "lower", "Distribution", 3, "clouds", _DISTANCES, log=True
        ),
        MetricCard("fd", "FD", "FD", "FD", "FD", "lower", "Distribution", 2, "clouds", _DISTANCES, log=True),
        MetricCard(
            "mmd2_median",
            "MMD2 (median)",
            "MMD² (median)",
            r"MMD$^2$ (median)",
            "MMD² (median)",
            "lower",
            "Distribution",
            4,
            "clouds",
            _DISTANCES,
        ),
        MetricCard(
            "r2_mean", "R2 mean", "R² mean", r"$R^2$ mean", "R² mean", "higher", "Moments", 3, "cells", _MOMENTS
        ),
        MetricCard("r2_var", "R2 var", "R² var", r"$R^2$ var", "R² var", "higher", "Moments", 3, "cells", _MOMENTS),
        MetricCard(
            "pcc_per_cell",
            "PCC cell",
            "PCC cell",
            "PCC cell",
            "PCC per cell",
            "higher",
            "Moments",
            3,
            "cells",
            _MOMENTS,
        ),
        MetricCard(
            "mse_per_cell", "MSE cell", "MSE cell", "MSE cell", "MSE per cell", "lower", "Moments", 4, "cells", _MOMENTS
        ),
        MetricCard("zero_fraction", "zeros", "zeros", "zeros", "Zeros", "none", "Moments", 3, "cells", _MOMENTS),
        MetricCard(
            "zero_fraction_true",
            "zeros (true)",
            "zeros (true)",
            "zeros (true)",
            "Zeros (true)",
            "none",
            "Moments",
            3,
            "cells",
            _MOMENTS,
        ),
        _identity("identity", "identity", "Identity", "higher"),
        _identity("identity_true", "identity (true)", "Identity (true)", "none"),
        _identity("identity_controls", "identity, controls", "Ctrl identity", "higher"),
        _identity("identity_controls_true", "identity, controls (true)", "Ctrl identity (true)", "none"),
        MetricCard("pds", "PDS", "PDS", "PDS", "Disc-L1", "higher", "DE-discovery", 3, "effects", _EFFECTS),
        MetricCard(
            "pds_cell_eval",
            "PDS (cell-eval)",
            "PDS (cell-eval)",
            "PDS (cell-eval)",
            "Disc-L1 (cell-eval)",
            "higher",
            "DE-discovery",
            3,
            "effects",
            _EFFECTS,
        ),
        MetricCard("pr_auc", "PR-AUC", "PR-AUC", "PR-AUC", "PR-AUC", "higher", "DE-discovery", 3, "effects", _EFFECTS),
        MetricCard(
            "spearman_sig",
            "Sp-sig",
            "Sp-sig",
            "Sp-sig",
            "Spearman sig",
            "higher",
            "DE-discovery",
            3,
            "effects",
            _EFFECTS,
        ),
        MetricCard(
            "spearman_lfc",
            "Sp-LFC",
            "Sp-LFC",
            "Sp-LFC",
            "Spearman L2FC",
            "higher",
            "Mean-ranking",
            3,
            "fold changes",
            _FOLD_CHANGES,
        ),
        MetricCard(
            "overlap_at_n",
            "ovl@N",
            "ovl@N",
            "ovl@N",
            "DEG overlap",
            "higher",
            "Mean-ranking",
            3,
            "fold changes",
            _FOLD_CHANGES,
        ),
        MetricCard(
            "pearson_delta", "P-Delta", "P-Δ", r"P-$\Delta$", "Pearson Δ", "higher", "Hybrid", 3, "effects", _EFFECTS
        ),
        MetricCard(
            "mae_lfc", "MAE-l2", "MAE-l2", "MAE-l2", "MAE L2FC", "lower", "Error", 3, "fold changes", _FOLD_CHANGES
        ),
        MetricCard(
            "mae_pseudobulk", "MAE-pb", "MAE-pb", "MAE-pb", "MAE pseudobulk", "lower", "Error", 3, "effects", _EFFECTS
        ),
    )
}


def on(*subjects: Subject) -> tuple[str, ...]:
    """The metrics that are measured on some subjects, in the order of the cards."""
    return tuple(name for name, card in METRICS.items() if card.subject in subjects)


def measures(subject: Subject) -> tuple[str, ...]:
    """The functions that measure the metrics of a subject, each once."""
    return tuple(dict.fromkeys(card.measure for card in METRICS.values() if card.subject == subject))
