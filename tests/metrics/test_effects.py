import contextlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score

from expressionvae.catalogue import metrics
from expressionvae.evaluation.comparison import Compared
from expressionvae.metrics.de import Expression, expression
from expressionvae.metrics.effects import (
    average,
    mae_lfc,
    of_fold_changes,
    overlap_at_n,
    pds,
    pearson_delta,
    per_perturbation,
    pr_auc,
    spearman_lfc,
    spearman_sig,
)

NAN, INF = np.nan, np.inf
# our name -> cell-eval's column
CELL_EVAL = {
    "pds_cell_eval": "discrimination_score_l1",
    "pr_auc": "pr_auc",
    "spearman_sig": "de_spearman_sig",
    "spearman_lfc": "de_spearman_lfc_sig",
    "overlap_at_n": "overlap_at_N",
    "pearson_delta": "pearson_delta",
    "mae_pseudobulk": "mae",
}


def flags(*rows: str) -> np.ndarray:
    """ "x" is true."""
    return np.array([[letter == "x" for letter in row] for row in rows])


def numbers(*rows: list[float]) -> np.ndarray:
    return np.array(rows, dtype=float)


# PDS: the true shifts of A, B and C, and the predicted ones. By L1 distance:
#   A (1, 1) is 2 from A (0, 2), 2 from B (2, 0), 6 from C (4, 4): two are nearest, of which A comes first    -> 1
#   B (1, 1) likewise, and A comes before it: 1 nearer of 3                                                 -> 2/3
#   C (0, 0) is 2, 2 and 8 away: 2 nearer of 3                                                              -> 1/3
TRUE, PREDICTED = numbers([0, 2], [2, 0], [4, 4]), numbers([1, 1], [1, 1], [0, 0])


def test_pds_is_the_share_of_shifts_that_are_not_nearer():
    scores = pds(TRUE, PREDICTED, perturbations=["A", "B", "C"], genes=np.array(["g", "h"]))
    np.testing.assert_allclose(scores, [1, 2 / 3, 1 / 3])


def test_pds_leaves_out_the_gene_that_is_the_target():
    # Without gene B, B's shift (1) is 1 from A's 0, 1 from B's own 2 and 3 from C's: A comes before. Without gene C's
    # column C (0) is 2 from A's 2, 0 from B's 0 and 4 from its own.
    scores = pds(TRUE, PREDICTED, perturbations=["A", "B", "C"], genes=np.array(["C", "B"]))
    np.testing.assert_allclose(scores, [1, 2 / 3, 1 / 3])
    # Alone gene A would part A from B: with it A's own shift is farther (9 > 1), without it nearer (0 < 1).
    true, predicted = numbers([9, 0], [0, 1]), numbers([0, 0], [0, 1])
    np.testing.assert_allclose(pds(true, predicted, perturbations=["A", "B"], genes=np.array(["A", "g"])), [1, 1])
    np.testing.assert_allclose(pds(true, predicted, perturbations=["A", "B"], genes=np.array(["f", "g"])), [0.5, 1])


def test_pds_of_one_perturbation_is_undefined():
    assert np.isnan(pds(TRUE[:1], PREDICTED[:1], perturbations=["A"], genes=np.array(["g", "h"]))).all()


def test_pds_does_not_know_of_controls_where_they_are_the_same_on_both_sides():
    rng = np.random.default_rng(0)
    true, predicted, control = rng.normal(size=(12, 9)), rng.normal(size=(12, 9)), 5 * rng.normal(size=9)
    names, genes = [f"p{i}" for i in range(12)], np.array([f"p{i}" for i in range(9)])
    shifted = pds(true - control, predicted - control, perturbations=names, genes=genes)
    np.testing.assert_array_equal(shifted, pds(true, predicted, perturbations=names, genes=genes))


def test_predicted_controls_move_cell_evals_pds_alone(true_cells, predicted_cells):
    """Predicted controls that look like p0: each side's own shifts differ, the predicted cells do not."""
    X = predicted_cells.X.toarray()
    X[predicted_cells.is_control] = X[predicted_cells.labels == "p0"][np.arange(50) % 30]
    moved = Compared(type(predicted_cells.X)(X), predicted_cells.labels, predicted_cells.genes, predicted_cells.control)
    before, after = (scores(true_cells, cells) for cells in (predicted_cells, moved))
    np.testing.assert_array_equal(after["pds"], before["pds"])
    assert (before["pds_cell_eval"] == 1).all() and after["pds_cell_eval"].mean() < 1


# PR-AUC: strengths 10 (two genes at the clip), 3 and 0 (FDR above 1 is 1); positives among them 1 of 2, 1 of 1, 0 of 1:
#   thresholds give precision 1/2 at recall 1/2, then 2/3 at recall 1: 1/2 * 1/2 + 1/2 * 2/3 = 7/12
def test_pr_auc_by_hand():
    true, predicted = numbers([0.01, 0.2, 0.04, 0.9]), numbers([0.0, 1e-30, 1e-3, 1.0])
    np.testing.assert_allclose(pr_auc(true, predicted, fdr=0.05), [7 / 12])


def test_pr_auc_is_undefined_where_all_genes_or_none_are_significant():
    true = numbers([0.01, 0.01], [0.5, 0.5], [0.01, 0.05])
    assert np.isnan(pr_auc(true, true, fdr=0.05)).tolist() == [True, True, False]  # 0.05 is not below 0.05


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 60), st.integers(1, 8))
def test_pr_auc_is_scikit_learns_with_ties(seed, genes, kinds):
    rng = np.random.default_rng(seed)
    true, predicted = rng.random((3, genes)) ** 3, rng.integers(0, kinds + 1, (3, genes)) / kinds
    for score, label, fdr in zip(pr_auc(true, predicted, fdr=0.05), true < 0.05, predicted, strict=True):
        strength = -np.log10(fdr.clip(1e-10, 1))
        undefined = label.all() or not label.any()
        assert np.isnan(score) if undefined else score == pytest.approx(average_precision_score(label, strength))


def test_spearman_sig_counts_the_perturbations_that_truly_have_a_significant_gene():
    # true numbers 3, 2, 1, (0); predicted 1, 2, 0, (3): ranks 3 2 1 against 2 3 1, rho = 1 - 6 * 2 / 24 = 1/2
    scores = spearman_sig(flags("xxx", "xx.", "x..", "..."), flags("x..", "x.x", "...", "xxx"))
    np.testing.assert_allclose(scores, [0.5, 0.5, 0.5, NAN])


@pytest.mark.parametrize(
    "true, predicted",
    [
        (["xx.", "..."], ["xx.", "x.."]),  # one perturbation
        (["xx.", "x.."], ["x..", "x.."]),  # predicted numbers alike
        (["xx.", ".xx"], ["xx.", "x.."]),  # true numbers alike
        (["...", "..."], ["xx.", "x.."]),  # none
    ],
)
def test_spearman_sig_needs_two_numbers_a_side(true, predicted):
    assert np.isnan(spearman_sig(flags(*true), flags(*predicted))).all()


def test_spearman_lfc_looks_at_truly_significant_genes_alone():
    # ranks 1 2 3 against 2 1 3: rho = 1 - 6 * 2 / 24 = 1/2; the fourth gene would make it 1/5
    scores = spearman_lfc(numbers([1, 2, 3, 4]), numbers([2, 1, 3, -9]), flags("xxx."))
    np.testing.assert_allclose(scores, [0.5])


def test_a_fold_change_that_is_not_finite_takes_its_pair_out_of_spearman_and_error():
    true, predicted = numbers([1, 2, 3, INF, 4, -INF, 5]), numbers([2, 1, 3, 9, NAN, -INF, INF])
    significant = flags("xxxxxxx")
    np.testing.assert_allclose(spearman_lfc(true, predicted, significant), [0.5])
    np.testing.assert_allclose(mae_lfc(true, predicted, significant), [2 / 3])  # |1-2|, |2-1|, |3-3|


def test_fewer_than_two_finite_pairs_or_equal_changes_have_no_correlation():
    true, predicted = numbers([1, INF], [1, 2], [1, 1], [1, 2]), numbers([1, 2], [3, 3], [1, 2], [1, 2])
    scores = spearman_lfc(true, predicted, flags("xx", "xx", "xx", ".x"))
    assert np.isnan(scores).all()


def test_mae_lfc_by_hand():
    true, predicted = numbers([1, 2, 9], [0, 0, 0], [INF, 1, 1]), numbers([2, 4, 0], [1, 1, 1], [1, 1, 1])
    np.testing.assert_allclose(mae_lfc(true, predicted, flags("xx.", "...", "x..")), [1.5, NAN, NAN])


def test_overlap_takes_as_many_of_the_strongest_predicted_as_are_truly_significant():
    # N = 2 (genes 0, 1); significantly predicted 1, 2, 3 by strength |-5|, 4, 3: the top two are 1 and 2 -> 1 of 2
    predicted = numbers([9, -5, 4, 3])
    np.testing.assert_allclose(overlap_at_n(predicted, flags("xx.."), flags(".xxx")), [0.5])


def test_overlap_is_not_defined_without_a_truly_significant_gene_and_0_without_a_predicted_one():
    scores = overlap_at_n(numbers([1, 2], [1, 2]), flags("..", "x."), flags("xx", ".."))
    np.testing.assert_array_equal(scores, [NAN, 0])
    assert average({"overlap_at_n": scores}, variant="paper")[0] | {"value": 0.0, "n_valid": 1, "n_total": 2} == {
        "metric": "overlap_at_n",
        "variant": "paper",
        "value": 0.0,
        "n_valid": 1,
        "n_total": 2,
    }


def test_in_the_overlap_infinite_is_strongest_undefined_weakest_and_ties_stand_in_panel_order():
    assert overlap_at_n(numbers([1, -INF, 2]), flags(".x."), flags("xxx")) == [1]
    assert overlap_at_n(numbers([NAN, 0.1, 0]), flags("x.."), flags("xx.")) == [0]
    assert overlap_at_n(numbers([NAN, 0.1, 0]), flags("xx."), flags("xx.")) == [1]
    assert overlap_at_n(numbers([3, -3]), flags("x."), flags("xx")) == [1]
    assert overlap_at_n(numbers([3, -3]), flags(".x"), flags("xx")) == [0]


def test_pearson_delta_by_hand_and_0_for_a_shift_without_direction():
    true = numbers([1, 2, 3], [1, 2, 3], [1, 1, 1], [2, 1, 0])
    predicted = numbers([2, 4, 6], [0.1, 0.1, 0.1], [1, 2, 3], [0, 1, 2])
    np.testing.assert_allclose(pearson_delta(true, predicted), [1, 0, 0, -1], atol=1e-12)


def of_changes(change: list[float], fdr: list[float], genes: int) -> Expression:
    """A perturbation with given means over controls of 1, on the linear scale."""
    mean = numbers(change)
    names = np.array([f"g{i}" for i in range(genes)])
    return Expression(["p"], names, mean, np.ones(genes), numbers(fdr), numbers(fdr))


def test_fold_change_metrics_follow_epsilon():
    """Means 3 and 0 over 1; predicted 1 and 7: without epsilon the second pair is infinite, with 0.5 it counts."""
    true, predicted = of_changes([3, 0], [0.01, 0.01], 2), of_changes([1, 7], [0.01, 0.01], 2)
    plain, padded = (of_fold_changes(true, predicted, fdr=0.05, epsilon=epsilon) for epsilon in (0.0, 0.5))
    assert plain["mae_lfc"] == pytest.approx([np.log2(3)]) and np.isnan(plain["spearman_lfc"]).all()
    first, second = np.log2(3.5 / 1.5), np.log2(7.5 / 1.5) - np.log2(0.5 / 1.5)
    assert padded["mae_lfc"] == pytest.approx([(first + second) / 2]) and padded["spearman_lfc"] == pytest.approx([-1])


def test_an_average_says_how_many_perturbations_define_it():
    row = average({"pds": np.array([1.0, NAN, 0.5])}, variant="paper")[0]
    assert (row["value"], row["n_valid"], row["n_total"]) == (0.75, 2, 3)
    row = average({"pds": np.array([NAN])}, variant="paper")[0]
    assert np.isnan(row["value"]) and row["n_valid"] == 0


def scores(true: Compared, predicted: Compared, epsilon: float = 0.0) -> dict[str, np.ndarray]:
    de_true, de_predicted = (expression(cells, [cells.control_cells], threads=1)[0] for cells in (true, predicted))
    return per_perturbation(true, predicted, de_true=de_true, de_predicted=de_predicted, fdr=0.05, epsilon=epsilon)


def test_the_truth_itself_is_perfect(true_cells):
    got = scores(true_cells, true_cells)
    for metric in ("pds", "pds_cell_eval", "pearson_delta", "spearman_lfc", "overlap_at_n", "pr_auc"):
        np.testing.assert_allclose(got[metric], 1, err_msg=metric)
    for metric in ("mae_lfc", "mae_pseudobulk"):
        np.testing.assert_allclose(got[metric], 0, atol=1e-9, err_msg=metric)


@pytest.mark.parametrize("epsilon", [0.0, 0.5])
def test_scores_of_cells_are_those_of_the_definitions(true_cells, predicted_cells, epsilon):
    """The definitions once more, a perturbation at a time, from dense cells."""
    both = (true_cells, predicted_cells)
    found = [expression(cells, [cells.control_cells], threads=1)[0] for cells in both]
    got = scores(true_cells, predicted_cells, epsilon)
    for i, label in enumerate(true_cells.perturbations):
        mean, control = (
            [side.X.toarray()[side.labels == name].astype(float).mean(0) for side in both] for name in (label, "PBS")
        )
        linear = [[np.expm1(part) + epsilon for part in pair] for pair in zip(mean, control, strict=True)]
        change = [np.log2(x / y) for x, y in linear]
        significant = [table.fdr[i] < 0.05 for table in found]
        top = sorted(np.flatnonzero(significant[1]), key=lambda g: -abs(change[1][g]))[: significant[0].sum()]
        rows = {
            "pearson_delta": np.corrcoef(mean[0] - control[0], mean[1] - control[1])[0, 1],
            "mae_pseudobulk": np.abs(mean[0] - mean[1]).mean(),
            "spearman_lfc": spearmanr(*(part[significant[0]] for part in change)).statistic,
            "mae_lfc": np.abs(change[0] - change[1])[significant[0]].mean(),
            "overlap_at_n": len(set(top) & set(np.flatnonzero(significant[0]))) / significant[0].sum(),
        }
        for metric, value in rows.items():
            assert got[metric][i] == pytest.approx(value, rel=1e-6), (label, metric)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", ["alike", "own-genes", "weak", "constant"])
def test_where_definitions_agree_scores_are_those_of_cell_eval(toy_cells, constant_cells, case, tmp_path):
    import cell_eval

    true, predicted = toy_cells(4, 30, 50, seed=0), toy_cells(4, 30, 50, seed=1)
    if case == "own-genes":  # perturbations named like genes, whose own gene PDS leaves out
        genes = np.array([f"p{i}" for i in range(40)])
        true, predicted = (Compared(c.X, c.labels, genes, c.control) for c in (true, predicted))
    if case == "weak":
        true, predicted = toy_cells(4, 6, 50, seed=0), toy_cells(4, 6, 50, seed=3)
    if case == "constant":
        predicted = constant_cells
    de = [expression(cells, [cells.control_cells], threads=1)[0] for cells in (true, predicted)]
    frames = [table.frame(epsilon=0.0).drop("mean", "control_mean") for table in de]
    with contextlib.redirect_stderr(io.StringIO()):
        evaluator = cell_eval.MetricsEvaluator(
            predicted.anndata(),
            true.anndata(),
            de_pred=frames[1],
            de_real=frames[0],
            control_pert="PBS",
            pert_col="perturbation",
            num_threads=1,
            outdir=str(tmp_path),
        )
        skipped = sorted(set(cell_eval.metrics_registry.list_metrics()) - set(CELL_EVAL.values()))
        theirs, _ = evaluator.compute(skip_metrics=skipped, write_csv=False, break_on_error=True)
    theirs = theirs.sort("perturbation")
    got = scores(true, predicted)
    for ours, column in CELL_EVAL.items():
        expected = theirs[column].cast(float).fill_null(NAN).to_numpy().copy()
        if ours == "pearson_delta":
            expected = np.nan_to_num(expected)  # a shift without direction
        if ours in ("overlap_at_n", "spearman_sig"):
            expected[~(de[0].fdr < 0.05).any(axis=1)] = NAN
        np.testing.assert_allclose(got[ours], expected, rtol=1e-5, atol=1e-5, err_msg=ours)
    assert set(CELL_EVAL) | {"pds", "mae_lfc"} == set(metrics.on("effects", "fold changes"))
