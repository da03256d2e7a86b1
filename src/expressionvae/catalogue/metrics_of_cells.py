"""The cards of metrics about cells, which stand in distribution.csv: distances, moments, cell types."""

from typing import Any, Literal

from expressionvae.catalogue.metric_card import MetricCard

Direction = Literal["lower", "higher", "none"]


def _distance(name: str, plain: str, unicode: str, latex: str, long: str, decimals: int, **told: Any) -> MetricCard:
    measure = "expressionvae.metrics.distribution.distances"
    return MetricCard(name, plain, unicode, latex, long, "lower", "Distribution", decimals, "clouds", measure, **told)


def _moment(
    name: str, plain: str, unicode: str, latex: str, long: str, direction: Direction, decimals: int, **told: Any
) -> MetricCard:
    measure = "expressionvae.metrics.moments.moments"
    return MetricCard(name, plain, unicode, latex, long, direction, "Moments", decimals, "cells", measure, **told)


def _identity(
    name: str, title: str, long: str, direction: Direction, formula: str, pitfalls: tuple[str, ...]
) -> MetricCard:
    return MetricCard(
        name, title, title, title, long, direction, "Identity", 3, "types", "expressionvae.metrics.identity.shares",
        formula=formula, bounds="0 to 1" if direction == "none" else "0 to 1; the ceiling is the true cells' own share",
        source="not in the paper", pitfalls=pitfalls,
    )  # fmt: skip


# fmt: off
CARDS = (
    _distance(
        "w2", "W2", "W₂", r"$W_2$", "W2", 3,
        log=True,
        formula=(
            "√ min over couplings π of Σ πᵢⱼ ‖xᵢ - yⱼ‖², uniform weights, in 30 principal components of the true cells"
        ),
        bounds="0 to ∞; the floor is not 0 but what true cells score against others",
        source="paper, section 4; the exact optimum, by POT or, for as many cells on both sides, by assignment",
        pitfalls=(
            "its floor depends on the number of cells: compare at equal numbers, beside true-vs-true",
            "means of predictions (mse, nb-deter, most baselines) are far from a cloud however right the mean is",
        ),
    ),
    _distance(
        "mmd2", "MMD2", "MMD²", r"MMD$^2$", "MMD²", 3,
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
    _distance(
        "fd", "FD", "FD", "FD", "FD", 2,
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
    _distance(
        "mmd2_median", "MMD2 (median)", "MMD² (median)", r"MMD$^2$ (median)", "MMD² (median)", 4,
        formula="unbiased MMD² with one kernel, σ the median distance among true cells",
        bounds="about 0 (may be negative) to 2",
        source="Gretton et al. 2012; not in the paper",
        pitfalls=("a small negative value is noise about 0, not an error",),
    ),
    _moment(
        "r2_mean", "R2 mean", "R² mean", r"$R^2$ mean", "R² mean", "higher", 3,
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
    _moment(
        "r2_var", "R2 var", "R² var", r"$R^2$ var", "R² var", "higher", 3,
        formula="the same of genes' variances",
        bounds="-∞ to 1",
        source="paper, Tables 7 and 8; scikit-learn's r2_score",
        pitfalls=("strongly negative for decoders that emit means, whose variance is too small",),
    ),
    _moment(
        "pcc_per_cell", "PCC cell", "PCC cell", "PCC cell", "PCC per cell", "higher", 3,
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
    _moment(
        "mse_per_cell", "MSE cell", "MSE cell", "MSE cell", "MSE per cell", "lower", 4,
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
    _moment(
        "zero_fraction", "zeros", "zeros", "zeros", "Zeros", "none", 3,
        formula="share of zeros in the predicted cells",
        bounds="0 to 1; good is near the true cells' share",
        source="not in the paper",
        pitfalls=(
            "neither end is better: read it beside `zero_fraction_true`",
            "decoders that emit means have hardly any zero",
        ),
    ),
    _moment(
        "zero_fraction_true", "zeros (true)", "zeros (true)", "zeros (true)", "Zeros (true)", "none", 3,
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
)
# fmt: on
