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
        formula, bounds, source, pitfalls: what the manual says of it: how it is computed, from where to where it goes,
            where it comes from, and how it misleads.
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
    formula: str = ""
    bounds: str = ""
    source: str = ""
    pitfalls: tuple[str, ...] = ()

    @property
    def of_cells(self) -> bool:
        """Whether it is about cells (distribution.csv), and not effects of perturbations (effects.csv)."""
        return self.subject in ("clouds", "cells", "types")

    @property
    def shown(self) -> str:
        """The variant that tables and figures show."""
        return TRAINING if self.subject == "types" else PAPER


def _identity(
    name: str, title: str, long: str, direction: Literal["higher", "none"], formula: str, pitfalls: tuple[str, ...]
) -> MetricCard:
    return MetricCard(
        name, title, title, title, long, direction, "Identity", 3, "types", "expressionvae.metrics.identity.shares",
        formula=formula, bounds="0 to 1" if direction == "none" else "0 to 1; the ceiling is the true cells' own share",
        source="not in the paper", pitfalls=pitfalls,
    )  # fmt: skip


_DISTANCES = "expressionvae.metrics.distribution.distances"
_MOMENTS = "expressionvae.metrics.moments.moments"
_EFFECTS = "expressionvae.metrics.effects.of_shifts"
_FOLD_CHANGES = "expressionvae.metrics.effects.of_fold_changes"

# Score files have them in this order. Names and directions: the paper's Table 1, Figure 2 and section 4 ("Metrics").
METRICS: dict[str, MetricCard] = {
    card.name: card
    for card in (
        MetricCard(
            "w2",
            "W2",
            "W₂",
            r"$W_2$",
            "W2",
            "lower",
            "Distribution",
            3,
            "clouds",
            _DISTANCES,
            log=True,
            formula=(
                "√ min over couplings π of Σ πᵢⱼ ‖xᵢ - yⱼ‖², uniform weights, in 30 principal components "
                "of the true cells"
            ),
            bounds="0 to ∞; the floor is not 0 but what true cells score against others",
            source="paper, section 4; the exact optimum, by POT or, for as many cells on both sides, by assignment",
            pitfalls=(
                "its floor depends on the number of cells: compare at equal numbers, beside true-vs-true",
                "means of predictions (mse, nb-deter, most baselines) are far from a cloud however right the mean is",
            ),
        ),
        MetricCard(
            "mmd2",
            "MMD2",
            "MMD²",
            r"MMD$^2$",
            "MMD²",
            "lower",
            "Distribution",
            3,
            "clouds",
            _DISTANCES,
            log=True,
            formula=(
                "mean k(x, x') + mean k(y, y') - 2 mean k(x, y); k = Σ over σ in 1, 2, 4, 8, 16 of "
                "exp(-d² / 2σ²), every cell paired with itself, too"
            ),
            bounds="0 to 10, twice the number of kernels",
            source="paper, section 4; the biased estimator of its authors' code",
            pitfalls=(
                "biased: above 0 between samples of one population, the more so the fewer cells",
                "five kernels are summed, so that values exceed 1 and other papers' MMD² are not comparable",
            ),
        ),
        MetricCard(
            "fd",
            "FD",
            "FD",
            "FD",
            "FD",
            "lower",
            "Distribution",
            2,
            "clouds",
            _DISTANCES,
            log=True,
            formula=(
                "|μ₁ - μ₂|² + Tr(S₁ + S₂ - 2 (S₁ S₂)^½), not square-rooted; moments in 30 principal "
                "components of the true cells"
            ),
            bounds="0 to ∞",
            source="paper, section 4; Fréchet 1957, Dowson and Landau 1982",
            pitfalls=(
                "sees means and covariances alone: two clouds of different shape can be at 0",
                (
                    "the PCA is fitted on the very cells that are compared, which lifts the floor: read "
                    "the variant `unbiased` beside it"
                ),
                "depends on the number of cells: read the columns `_half` beside true-vs-true",
            ),
        ),
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
            formula="unbiased MMD² with one kernel, σ the median distance among true cells",
            bounds="about 0 (may be negative) to 2",
            source="Gretton et al. 2012; not in the paper",
            pitfalls=("a small negative value is noise about 0, not an error",),
        ),
        MetricCard(
            "r2_mean",
            "R2 mean",
            "R² mean",
            r"$R^2$ mean",
            "R² mean",
            "higher",
            "Moments",
            3,
            "cells",
            _MOMENTS,
            formula="1 - Σ (m - m̂)² / Σ (m - mean m)² over genes; m, m̂: mean of true and predicted cells",
            bounds="-∞ to 1",
            source="paper, Tables 7 and 8; scikit-learn's r2_score",
            pitfalls=(
                (
                    "near 1 for almost any prediction, since highly expressed genes decide it: control as"
                    " prediction reaches it, too"
                ),
                "pools all perturbations, so that it says nothing of any one",
            ),
        ),
        MetricCard(
            "r2_var",
            "R2 var",
            "R² var",
            r"$R^2$ var",
            "R² var",
            "higher",
            "Moments",
            3,
            "cells",
            _MOMENTS,
            formula="the same of genes' variances",
            bounds="-∞ to 1",
            source="paper, Tables 7 and 8; scikit-learn's r2_score",
            pitfalls=("strongly negative for decoders that emit means, whose variance is too small",),
        ),
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
            formula="Pearson correlation over all (cell, gene) values, row i of one side with row i of the other",
            bounds="-1 to 1",
            source="paper, Tables 7 and 8; its authors' code",
            pitfalls=(
                (
                    "pairs are arbitrary cells of one perturbation: predicting the mean is rewarded, a "
                    "better value is not a better cell"
                ),
            ),
        ),
        MetricCard(
            "mse_per_cell",
            "MSE cell",
            "MSE cell",
            "MSE cell",
            "MSE per cell",
            "lower",
            "Moments",
            4,
            "cells",
            _MOMENTS,
            formula="mean squared difference of the same pairs",
            bounds="0 to ∞",
            source="paper, Tables 7 and 8; its authors' code",
            pitfalls=(
                (
                    "pairs are arbitrary cells of one perturbation: predicting the mean is rewarded, a "
                    "better value is not a better cell"
                ),
            ),
        ),
        MetricCard(
            "zero_fraction",
            "zeros",
            "zeros",
            "zeros",
            "Zeros",
            "none",
            "Moments",
            3,
            "cells",
            _MOMENTS,
            formula="share of zeros in the predicted cells",
            bounds="0 to 1; good is near the true cells' share",
            source="not in the paper",
            pitfalls=(
                "neither end is better: read it beside `zero_fraction_true`",
                "decoders that emit means have hardly any zero",
            ),
        ),
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
            formula="share of zeros in the true cells",
            bounds="0 to 1",
            source="not in the paper",
            pitfalls=("a fact about the data, no score",),
        ),
        _identity(
            "identity",
            "identity",
            "Identity",
            "higher",
            formula=(
                "share of predicted perturbed cells that a classifier of real cells (logistic regression, cell types "
                "weighted alike) calls of the wanted cell type"
            ),
            pitfalls=(
                "it says nothing of the perturbation: controls as prediction have a high share",
                "`training` knows the wanted type by its controls alone, and may miss it after a strong perturbation",
                "not defined where the training cells are of one type",
            ),
        ),
        _identity(
            "identity_true",
            "identity (true)",
            "Identity (true)",
            "none",
            formula="the same share of the true perturbed cells",
            pitfalls=("a fact about the data and the classifier, no score",),
        ),
        _identity(
            "identity_controls",
            "identity, controls",
            "Ctrl identity",
            "higher",
            formula="the same share of predicted controls",
            pitfalls=("a model may get controls right and perturbed cells wrong: read it beside `identity`",),
        ),
        _identity(
            "identity_controls_true",
            "identity, controls (true)",
            "Ctrl identity (true)",
            "none",
            formula="the same share of the true controls",
            pitfalls=("a fact about the data and the classifier, no score",),
        ),
        MetricCard(
            "pds",
            "PDS",
            "PDS",
            "PDS",
            "Disc-L1",
            "higher",
            "DE-discovery",
            3,
            "effects",
            _EFFECTS,
            formula=(
                "1 - r / n; r: true perturbations whose shift is nearer (L1, without the perturbed gene) "
                "to the predicted shift than one's own; both shifts from the true controls"
            ),
            bounds="above 0 to 1; chance is about 0.5",
            source="cell-eval's discrimination_score_l1, as the paper's authors call it",
            pitfalls=(
                "means only: a model that predicts one right mean a perturbation scores 1",
                "with few held-out perturbations it is coarse, with one it is not defined",
                "1 where perturbations differ much, even if every shift is far too small",
            ),
        ),
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
            formula="the same, each side's shift from its own controls",
            bounds="above 0 to 1; chance is about 0.5",
            source="cell-eval 0.8.2, discrimination_score_l1",
            pitfalls=("predicted controls that are off move every predicted shift the same way",),
        ),
        MetricCard(
            "pr_auc",
            "PR-AUC",
            "PR-AUC",
            "PR-AUC",
            "PR-AUC",
            "higher",
            "DE-discovery",
            3,
            "effects",
            _EFFECTS,
            formula=(
                "average precision of -log10(predicted FDR) for genes with true FDR < 0.05, by "
                "perturbation, then the mean"
            ),
            bounds="0 to 1; chance is the share of truly significant genes",
            source="cell-eval's pr_auc (average precision); Mann-Whitney, Benjamini-Hochberg within a perturbation",
            pitfalls=(
                "chance differs by screen: a strong screen has a high value for nothing",
                "depends on the number of cells on both sides, since it ranks by significance",
                "cells without noise (decoders that emit means) make most genes significant",
            ),
        ),
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
            formula="Spearman correlation over perturbations of the numbers of significant genes",
            bounds="-1 to 1; one number a screen",
            source="cell-eval's de_spearman_sig",
            pitfalls=(
                (
                    "numbers of genes follow numbers of cells, which are equal on both sides by design: "
                    "part of the correlation is that"
                ),
                "not defined for fewer than two perturbations with a significant gene",
                "not defined where a model makes all genes significant for all perturbations",
            ),
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
            formula=(
                "Spearman correlation of log2 fold changes over truly significant genes, pairs that are "
                "finite on both sides"
            ),
            bounds="-1 to 1",
            source="cell-eval's de_spearman_lfc_sig, as the paper's authors call it",
            pitfalls=(
                (
                    "the epsilon in the fold changes matters (0 for Replogle, 0.5 for Parse): `epsilon-0`"
                    " and `epsilon-0.5` stand beside it"
                ),
                "infinite fold changes are left out, so that `n_valid` must be read",
            ),
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
            formula=(
                "share of the N truly significant genes among the N predicted as significant with the "
                "largest |log2 fold change|"
            ),
            bounds="0 to 1",
            source="cell-eval's overlap_at_N",
            pitfalls=(
                "not defined for a perturbation without a truly significant gene, which is left out",
                "depends on the number of cells, as significance does",
            ),
        ),
        MetricCard(
            "pearson_delta",
            "P-Delta",
            "P-Δ",
            r"P-$\Delta$",
            "Pearson Δ",
            "higher",
            "Hybrid",
            3,
            "effects",
            _EFFECTS,
            formula=(
                "Pearson correlation over genes of mean predicted and mean true shift, each from its own "
                "controls, by perturbation, then the mean"
            ),
            bounds="-1 to 1; true against true at your number of cells is the ceiling",
            source="cell-eval's pearson_delta",
            pitfalls=(
                "the shift that all perturbations share is enough for a high value: PerturbMean has it",
                "scale is not seen: a shift ten times too small scores as well",
                "even an ideal sampler reaches only 0.70 to 0.73 at 60 cells a perturbation, in a simulation",
            ),
        ),
        MetricCard(
            "mae_lfc",
            "MAE-l2",
            "MAE-l2",
            "MAE-l2",
            "MAE L2FC",
            "lower",
            "Error",
            3,
            "fold changes",
            _FOLD_CHANGES,
            formula="mean |difference of log2 fold changes| over truly significant genes, finite pairs",
            bounds="0 to ∞",
            source="paper, Table 9 (MAE-l2), its authors' code",
            pitfalls=("predicting no change at all is a low bar that is hard to beat where effects are small",),
        ),
        MetricCard(
            "mae_pseudobulk",
            "MAE-pb",
            "MAE-pb",
            "MAE-pb",
            "MAE pseudobulk",
            "lower",
            "Error",
            3,
            "effects",
            _EFFECTS,
            formula="mean |difference of mean log1p expression| over genes",
            bounds="0 to ∞",
            source="cell-eval's mae",
            pitfalls=("mostly about baseline expression: control as prediction is hard to beat",),
        ),
    )
}


def on(*subjects: Subject) -> tuple[str, ...]:
    """The metrics that are measured on some subjects, in the order of the cards."""
    return tuple(name for name, card in METRICS.items() if card.subject in subjects)


def measures(subject: Subject) -> tuple[str, ...]:
    """The functions that measure the metrics of a subject, each once."""
    return tuple(dict.fromkeys(card.measure for card in METRICS.values() if card.subject == subject))
