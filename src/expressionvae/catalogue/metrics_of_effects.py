"""The cards of metrics about effects of perturbations, which stand in effects.csv."""

from expressionvae.catalogue.metric_card import MetricCard

_EFFECTS = "expressionvae.metrics.effects.of_shifts"
_FOLD_CHANGES = "expressionvae.metrics.effects.of_fold_changes"

CARDS = (
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
            "average precision of -log10(predicted FDR) for genes with true FDR < 0.05, by perturbation, then the mean"
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
