import numpy as np
import polars as pl
import pytest

from expressionvae.files import UserError
from expressionvae.metrics.de import differential_expression
from expressionvae.metrics.effects import METRICS, mae_lfc, per_perturbation, skipped
from expressionvae.metrics.scores import effect_scores
from expressionvae.metrics.space import Cells


def scores(true: Cells, predicted: Cells, variant: str = "paper") -> dict[str, dict]:
    de = differential_expression(true, threads=1)
    rows = effect_scores(true, predicted, de_true=de, fdr=0.05, threads=1)
    return {row["metric"]: row for row in rows if row["variant"] == variant}


def test_the_truth_itself_is_perfect(true_cells):
    got = scores(true_cells, true_cells)
    for metric in ("pds", "pearson_delta", "spearman_lfc", "overlap_at_n", "pr_auc"):
        assert got[metric]["value"] == pytest.approx(1), metric
    for metric in ("mae_lfc", "mae_pseudobulk"):
        assert got[metric]["value"] == pytest.approx(0, abs=1e-6), metric


def test_every_metric_comes_in_both_variants(true_cells, predicted_cells):
    de = differential_expression(true_cells, threads=1)
    rows = effect_scores(true_cells, predicted_cells, de_true=de, fdr=0.05, threads=1)
    assert [(r["metric"], r["variant"]) for r in rows] == [(m, v) for v in ("paper", "real-controls") for m in METRICS]
    assert all(r["n_total"] == 4 for r in rows)


def test_fresh_cells_of_the_same_screen_score_well(true_cells, predicted_cells):
    got = scores(true_cells, predicted_cells)
    assert got["pds"]["value"] == 1 and got["pearson_delta"]["value"] > 0.6


def test_the_variants_differ_by_the_controls_alone(true_cells, predicted_cells):
    own, real = (scores(true_cells, predicted_cells, variant) for variant in ("paper", "real-controls"))
    assert own["mae_pseudobulk"]["value"] == pytest.approx(real["mae_pseudobulk"]["value"])
    assert own["pearson_delta"]["value"] != pytest.approx(real["pearson_delta"]["value"])


def test_the_order_of_cells_does_not_matter(true_cells, predicted_cells):
    order = np.random.default_rng(0).permutation(len(true_cells.labels))
    shuffled = Cells(predicted_cells.X[order], predicted_cells.labels[order], true_cells.genes, true_cells.control)
    before, after = (scores(true_cells, cells) for cells in (predicted_cells, shuffled))
    for metric in METRICS:
        assert after[metric]["value"] == pytest.approx(before[metric]["value"], rel=1e-4), metric


@pytest.mark.filterwarnings("ignore")
def test_equal_cells_have_no_correlation_and_do_not_crash(true_cells, constant_cells):
    got = scores(true_cells, constant_cells)
    for metric in ("pearson_delta", "spearman_lfc"):
        assert np.isnan(got[metric]["value"]) and got[metric]["n_valid"] == 0, metric
    assert got["mae_lfc"]["n_valid"] == 4 and got["overlap_at_n"]["value"] == 0


def test_one_perturbation_has_no_ranks(toy_cells):
    got = scores(toy_cells(1, 40, 60, seed=0), toy_cells(1, 40, 60, seed=1))
    for metric in ("pds", "spearman_sig"):
        assert np.isnan(got[metric]["value"]) and got[metric]["n_valid"] == 0, metric
    assert got["pearson_delta"]["value"] > 0.6 and got["pearson_delta"]["n_total"] == 1


@pytest.mark.filterwarnings("ignore")
def test_without_a_significant_gene_the_metrics_on_them_are_undefined(unmoved_cells):
    got = scores(unmoved_cells(3, 30, 40, seed=0), unmoved_cells(3, 30, 40, seed=1))
    for metric in ("pr_auc", "spearman_lfc", "spearman_sig", "mae_lfc"):
        assert np.isnan(got[metric]["value"]) and got[metric]["n_valid"] == 0, metric
    assert got["pearson_delta"]["n_valid"] == 3


def test_a_perturbation_without_effect_is_left_out_of_the_mean(true_cells, predicted_cells):
    de = differential_expression(true_cells, threads=1).with_columns(
        fdr=pl.when(pl.col("target") == "p0").then(1.0).otherwise("fdr")
    )
    rows = effect_scores(true_cells, predicted_cells, de_true=de, fdr=0.05, threads=1)
    got = {row["metric"]: row for row in rows if row["variant"] == "paper"}
    assert got["spearman_lfc"]["n_valid"] == 3 and got["spearman_lfc"]["value"] > 0.5
    assert got["spearman_sig"]["n_valid"] == 3 and got["pds"]["n_valid"] == 4


def test_spearman_sig_is_one_number(true_cells, predicted_cells):
    de = [differential_expression(cells, threads=1) for cells in (true_cells, predicted_cells)]
    table = per_perturbation(true_cells, predicted_cells, de_true=de[0], de_predicted=de[1], fdr=0.05, threads=1)
    assert table["spearman_sig"].n_unique() == 1


def de_table(lfc: list[float], fdr: list[float]) -> pl.DataFrame:
    features = [f"gene{i}" for i in range(len(lfc))]
    return pl.DataFrame({"target": "p0", "feature": features, "log2_fold_change": lfc, "p_value": fdr, "fdr": fdr})


def test_mae_lfc_looks_at_truly_significant_genes_alone():
    true = de_table([1.0, 2.0, 9.0], [0.01, 0.01, 0.5])
    predicted = de_table([2.0, 4.0, 0.0], [0.5, 0.5, 0.01])
    assert mae_lfc(true, predicted, fdr=0.05)["mae_lfc"].to_list() == [1.5]


def test_mae_lfc_leaves_out_infinite_fold_changes():
    true = de_table([1.0, np.inf, np.inf], [0.01, 0.01, 0.01])
    predicted = de_table([2.0, np.inf, 1.0], [0.5, 0.5, 0.5])
    assert mae_lfc(true, predicted, fdr=0.05)["mae_lfc"].to_list() == [1.0]


def test_another_fdr_is_refused(true_cells):
    de = differential_expression(true_cells, threads=1)
    with pytest.raises(UserError, match="evaluation.fdr is 0.1"):
        effect_scores(true_cells, true_cells, de_true=de, fdr=0.1, threads=1)


def test_minutes_of_unreported_metrics_are_skipped():
    assert {"pearson_edistance", "clustering_agreement"} <= set(skipped())


def test_nothing_is_left_on_disk(true_cells, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    scores(true_cells, true_cells)
    assert list(tmp_path.iterdir()) == []
