import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from expressionvae.catalogue import metrics
from expressionvae.evaluation.comparison import Compared
from expressionvae.files import UserError
from expressionvae.metrics.de import differential_expression
from expressionvae.metrics.scores import (
    DISTRIBUTION_COLUMNS,
    EFFECT_COLUMNS,
    EFFECTS,
    RIDGE,
    SOLVER,
    VARIANTS,
    distribution_scores,
    effect_scores,
    parts,
    project,
    write_scores,
)

METRICS, FOLD_CHANGE_METRICS = metrics.on("effects", "fold changes"), metrics.on("fold changes")
SETTINGS = {"components": 5, "max_cells": 50, "mmd_sigmas": [1, 2, 4, 8, 16], "seed": 0, "variants": VARIANTS}


def table(true: Compared, predicted: Compared, **changes) -> pd.DataFrame:
    rows = distribution_scores(true, predicted, **(SETTINGS | changes))
    return pd.DataFrame(rows).set_index(["variant", "metric"])


def test_rows_are_those_of_the_contract(true_cells, predicted_cells):
    got = table(true_cells, predicted_cells)
    distances = {(v, m) for v in VARIANTS for m in metrics.on("clouds")}
    moments = {("paper", m) for m in metrics.on("cells")}
    assert set(got.index) == distances | moments and got["value"].notna().all()


def test_both_sides_hold_the_same_number_of_cells(true_cells, predicted_cells):
    got = table(true_cells, predicted_cells)
    assert (got["n_true"] == got["n_pred"]).all()
    assert got.loc["half", "n_true"].unique() == [50] and got.loc["unbiased", "n_true"].unique() == [40]


def test_the_truth_itself_is_at_no_distance_in_the_published_variant(true_cells):
    got = table(true_cells, true_cells, max_cells=1000).loc["paper", "value"]
    assert got["mmd2"] == pytest.approx(0, abs=1e-12) and got["fd"] == pytest.approx(0, abs=1e-6)


def test_controls_do_not_count(true_cells, predicted_cells):
    X = predicted_cells.X.toarray()
    X[predicted_cells.is_control] = 5
    other = Compared(type(predicted_cells.X)(X), predicted_cells.labels, predicted_cells.genes, predicted_cells.control)
    pd.testing.assert_frame_equal(table(true_cells, predicted_cells), table(true_cells, other))


def test_the_same_seed_gives_the_same_scores(true_cells, predicted_cells):
    pd.testing.assert_frame_equal(table(true_cells, predicted_cells), table(true_cells, predicted_cells))


def test_the_order_of_predicted_cells_does_not_matter_when_all_are_compared(true_cells, predicted_cells):
    order = np.r_[np.random.default_rng(0).permutation(120), np.arange(120, 170)]
    shuffled = Compared(predicted_cells.X[order], true_cells.labels, true_cells.genes, true_cells.control)
    before, after = (
        table(true_cells, cells, max_cells=1000).loc["paper", "value"] for cells in (predicted_cells, shuffled)
    )
    for metric in ("w2", "mmd2", "fd", "r2_mean", "r2_var"):
        assert after[metric] == pytest.approx(before[metric], rel=1e-6), metric


def test_equal_predicted_cells_are_scored(true_cells, constant_cells):
    assert np.isfinite(table(true_cells, constant_cells).loc["paper", "value"][["w2", "mmd2", "fd"]]).all()


def test_few_cells_do_not_crash(toy_cells):
    got = table(toy_cells(1, 4, 5, seed=0), toy_cells(1, 4, 5, seed=1))
    assert np.isfinite(got.loc["half", "value"]["w2"]) and np.isnan(got.loc["unbiased", "value"]["w2"])


@pytest.mark.parametrize("n", [6, 99, 500])
def test_halves_and_thirds_are_disjoint(n):
    for variant, pieces in (("half", 2), ("unbiased", 3)):
        fit, mine, theirs = parts(variant, n, max_cells=100, seed=0)
        assert len(mine) == len(theirs) == min(n // pieces, 100)
        assert not set(mine) & set(theirs) and (variant == "half") == (set(fit) == set(mine))
        assert variant == "half" or not set(fit) & (set(mine) | set(theirs))


@pytest.mark.parametrize("solver", ["auto", "exact"])
def test_components_stop_short_of_cells_and_at_genes(true_cells, solver):
    fit, x = project(true_cells.X[:4], true_cells.X, components=30, solver=solver, seed=0)
    assert fit.shape == (4, 3) and x.shape == (170, 3) and x.dtype == np.float64
    (x,) = project(true_cells.X, components=99, solver=solver, seed=0)
    assert x.shape == (170, 40)


@pytest.mark.parametrize("seed", [0, 3])
def test_the_published_protocol_in_full(seed):
    """From the definition: which cells, in which order, PCA's own way with the fitted cells, the ridge.

    At this size scikit-learn takes the randomised solver, for which `fit` and then `transform` is another thing.
    """
    from scipy.linalg import sqrtm
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(seed + 100)
    labels, genes = np.array(["a"] * 700 + ["PBS"] * 4), np.array([f"g{i}" for i in range(600)])
    X = rng.poisson(rng.gamma(0.5, 1.0, 600), (2, 704, 600)).astype(np.float32)
    true, predicted = (Compared(sparse.csr_matrix(np.log1p(x)), labels, genes, "PBS") for x in X)
    options = {"components": 8, "max_cells": 650, "mmd_sigmas": [2, 4], "seed": seed}
    got = table(true, predicted, **options, variants=["paper"]).loc["paper", "value"]

    x = true.X.toarray()[:700].astype(np.float64)[np.random.default_rng(seed + 1).choice(700, 650, replace=False)]
    y = predicted.X.toarray()[:700].astype(np.float64)[np.random.default_rng(seed).choice(700, 650, replace=False)]
    pca = PCA(n_components=8, random_state=seed)
    x, y = pca.fit_transform(x), pca.transform(y)
    cost = cdist(x, y, "sqeuclidean")
    assert got["w2"] == pytest.approx(np.sqrt(cost[linear_sum_assignment(cost)].mean()), rel=1e-9)
    k = lambda a, b: sum(np.exp(-(cdist(a, b) ** 2) / (2 * s * s)).mean() for s in (2, 4))  # noqa: E731
    assert got["mmd2"] == pytest.approx(k(x, x) + k(y, y) - 2 * k(x, y), rel=1e-6)
    s, t = (np.cov(cells.T) + 1e-6 * np.eye(8) for cells in (x, y))
    cross = np.trace(np.real(sqrtm(s @ t)))
    fd = np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(s) + np.trace(t) - 2 * cross
    assert got["fd"] == pytest.approx(fd, rel=1e-6)
    other = pca.transform(true.X.toarray()[:650].astype(np.float64))
    assert not np.allclose(other, pca.fit_transform(true.X.toarray()[:650].astype(np.float64)))  # it does differ


def test_fitted_cells_are_placed_as_they_were_fitted_on_halves_too(true_cells):
    for strata in (None, np.tile(["d1", "d2", "d3"], 40)):
        fit, mine, theirs = parts("half", 120, max_cells=1000, seed=0, strata=strata)
        assert fit is mine
    fit, mine, theirs = parts("unbiased", 120, max_cells=1000, seed=0)
    assert fit is not mine


@pytest.mark.parametrize("cells", [30, 100, 400])
def test_the_exact_solver_gives_the_components_of_a_full_decomposition(cells):
    rng = np.random.default_rng(0)
    X = sparse.csr_matrix(np.log1p(rng.poisson(rng.gamma(0.3, 1.0, 60), (cells, 60))).astype(np.float32))
    dense = X.toarray().astype(np.float64) - X.toarray().astype(np.float64).mean(0)
    scores = dense @ np.linalg.svd(dense, full_matrices=False)[2][:7].T
    ours, again = project(X, X, components=7, solver="exact", seed=0)
    for found in (ours, again):
        np.testing.assert_allclose(np.abs(found), np.abs(scores), atol=1e-8)


def test_the_exact_solver_bears_cells_of_few_kinds():
    X = sparse.csr_matrix(np.repeat([[1.0, 0, 2, 0, 0, 1], [0, 3, 0, 1, 0, 1]], 20, axis=0).astype(np.float32))
    (x,) = project(X, components=4, solver="exact", seed=0)
    assert np.isfinite(x).all() and np.linalg.norm(x[0] - x[-1]) == pytest.approx(np.sqrt(1 + 9 + 4 + 1))


def test_the_floor_is_measured_exactly_and_without_a_ridge():
    assert SOLVER == {"paper": "auto", "half": "auto", "unbiased": "exact"}
    assert RIDGE == {"paper": 1e-6, "half": 1e-6, "unbiased": 0}


def effects(true: Compared, predicted: Compared, epsilon: float = 0.0) -> pd.DataFrame:
    de = differential_expression(true, epsilon=epsilon, threads=1)
    rows = effect_scores(true, predicted, de_true=de, fdr=0.05, fold_change_epsilon=epsilon, threads=1)
    return pd.DataFrame(rows).set_index(["variant", "metric"])


@pytest.fixture
def sparse_cells(toy_cells):
    """Maker of cells of which a gene in three is in no control cell, as on a screen of rare cells."""

    def make(seed: int) -> Compared:
        cells = toy_cells(4, 30, 50, seed=seed)
        X = cells.X.toarray()
        X[np.ix_(cells.is_control, np.arange(0, 40, 3))] = 0
        X[np.ix_(cells.labels == "p1", np.arange(1, 40, 6))] = 0
        return Compared(type(cells.X)(X), cells.labels, cells.genes, cells.control)

    return make


def test_every_metric_comes_in_both_variants_and_those_of_fold_changes_with_both_epsilons(true_cells, predicted_cells):
    got = effects(true_cells, predicted_cells)
    assert [(metric, variant) for variant, metric in got.index] == EFFECTS
    assert set(EFFECTS) == {(m, v) for m in METRICS for v in ("paper", "real-controls")} | {
        (m, v) for m in FOLD_CHANGE_METRICS for v in ("epsilon-0", "epsilon-0.5")
    }
    assert (got["n_total"] == 4).all() and list(got.reset_index()) == ["variant", "metric", *EFFECT_COLUMNS[2:]]


def test_the_paper_variant_has_the_epsilon_of_the_dataset(sparse_cells):
    true, predicted = sparse_cells(0), sparse_cells(1)
    for epsilon, same in ((0.0, "epsilon-0"), (0.5, "epsilon-0.5"), (0.1, None)):
        got = effects(true, predicted, epsilon)["value"]
        alike = {v for v in ("epsilon-0", "epsilon-0.5") if got["paper"]["mae_lfc"] == got[v]["mae_lfc"]}
        assert alike == ({same} if same else set())
        for metric in FOLD_CHANGE_METRICS:
            assert same is None or got["paper"][metric] == got[same][metric]


def test_epsilon_changes_the_metrics_of_fold_changes_alone(sparse_cells):
    true, predicted = sparse_cells(0), sparse_cells(1)
    plain, padded = (effects(true, predicted, epsilon)["value"].loc["paper"] for epsilon in (0.0, 0.5))
    assert {m for m in METRICS if plain[m] != padded[m]} >= {"mae_lfc", "spearman_lfc"}
    assert {m for m in METRICS if plain[m] != padded[m]} <= set(FOLD_CHANGE_METRICS)


def test_the_variants_differ_by_the_controls_alone(true_cells, predicted_cells):
    got = effects(true_cells, predicted_cells)["value"]
    for metric in ("pds", "mae_pseudobulk"):
        assert got["paper", metric] == pytest.approx(got["real-controls", metric])
    assert got["paper", "pearson_delta"] != pytest.approx(got["real-controls", "pearson_delta"])
    lent = effects(true_cells, predicted_cells.with_controls_of(true_cells))["value"]
    pd.testing.assert_series_equal(lent["paper"], got["real-controls"], check_names=False)


def test_fresh_cells_of_the_same_screen_score_well(true_cells, predicted_cells):
    got = effects(true_cells, predicted_cells)["value"]["paper"]
    assert got["pds"] == 1 and got["pearson_delta"] > 0.6 and got["overlap_at_n"] > 0.5


def test_the_order_of_cells_does_not_matter_for_effects(true_cells, predicted_cells):
    order = np.random.default_rng(0).permutation(len(true_cells.labels))
    shuffled = Compared(predicted_cells.X[order], predicted_cells.labels[order], true_cells.genes, true_cells.control)
    before, after = (effects(true_cells, cells)["value"] for cells in (predicted_cells, shuffled))
    pd.testing.assert_series_equal(before, after, rtol=1e-9)


def test_equal_cells_have_no_ranks_and_do_not_crash(true_cells, constant_cells):
    got = effects(true_cells, constant_cells).loc["paper"]
    assert np.isnan(got.loc["spearman_lfc", "value"]) and got.loc["spearman_lfc", "n_valid"] == 0
    assert got.loc["pearson_delta", "value"] == pytest.approx(0, abs=1e-4)
    assert got.loc["mae_lfc", "n_valid"] == 4 and got.loc["overlap_at_n", "value"] == 0


def test_one_perturbation_has_no_ranks(toy_cells):
    got = effects(toy_cells(1, 40, 60, seed=0), toy_cells(1, 40, 60, seed=1)).loc["paper"]
    for metric in ("pds", "pds_cell_eval", "spearman_sig"):
        assert np.isnan(got.loc[metric, "value"]) and got.loc[metric, "n_valid"] == 0, metric
    assert got.loc["pearson_delta", "value"] > 0.6 and got.loc["pearson_delta", "n_total"] == 1


def test_without_a_significant_gene_the_metrics_on_them_are_undefined(unmoved_cells):
    got = effects(unmoved_cells(3, 30, 40, seed=0), unmoved_cells(3, 30, 40, seed=1)).loc["paper"]
    for metric in ("pr_auc", "spearman_lfc", "spearman_sig", "overlap_at_n", "mae_lfc"):
        assert np.isnan(got.loc[metric, "value"]) and got.loc[metric, "n_valid"] == 0, metric
    assert got.loc["pearson_delta", "n_valid"] == 3


def test_a_perturbation_without_effect_is_left_out_of_the_mean(true_cells, predicted_cells):
    X = true_cells.X.toarray()
    X[true_cells.labels == "p0"] = X[true_cells.is_control][:30]
    quiet = Compared(type(true_cells.X)(X), true_cells.labels, true_cells.genes, true_cells.control)
    before, after = (effects(cells, predicted_cells).loc["paper"] for cells in (true_cells, quiet))
    for metric in ("spearman_lfc", "spearman_sig", "overlap_at_n", "pr_auc", "mae_lfc"):
        assert (before.loc[metric, "n_valid"], after.loc[metric, "n_valid"]) == (4, 3), metric
    assert after.loc["pds", "n_valid"] == 4 and after.loc["overlap_at_n", "value"] > 0.5


def test_the_table_of_other_cells_is_refused(true_cells, predicted_cells, toy_cells):
    de = differential_expression(toy_cells(3, 30, 50, seed=0), epsilon=0.0, threads=1)
    with pytest.raises(UserError, match="it is of other cells, make it again"):
        effect_scores(true_cells, predicted_cells, de_true=de, fdr=0.05, fold_change_epsilon=0.0, threads=1)


def test_the_file_has_the_columns_of_the_contract(true_cells, predicted_cells, tmp_path):
    rows = distribution_scores(true_cells, predicted_cells, **SETTINGS)
    write_scores(rows, tmp_path / "distribution.csv", columns=DISTRIBUTION_COLUMNS)
    assert list(pd.read_csv(tmp_path / "distribution.csv")) == [
        "metric",
        "variant",
        "value",
        "n_true",
        "n_pred",
    ]


@pytest.mark.parametrize(("variant", "most"), [("half", 1000), ("unbiased", 1000), ("half", 30), ("unbiased", 9)])
def test_the_floor_s_parts_are_disjoint_and_have_the_same_batches(variant, most):
    strata = np.random.default_rng(0).choice(["d1", "d2", "d3"], 300, p=[0.6, 0.3, 0.1])
    cut = parts(variant, 300, max_cells=most, seed=0, strata=strata)
    cut = cut[1:] if variant == "half" else cut
    assert len(set(np.concatenate(cut))) == sum(map(len, cut)) and len({len(part) for part in cut}) == 1
    if most == 1000:
        shares = [[(strata[part] == name).sum() for name in ("d1", "d2", "d3")] for part in cut]
        assert np.ptp(shares, axis=0).max() <= 1


@pytest.mark.parametrize("variant", ["half", "unbiased"])
def test_the_sets_of_a_prediction_have_the_batches_that_its_own_rows_are_of(variant):
    """Cells that show nothing but their batch, predicted in the order of the query, are at no distance."""
    batch, donors = np.tile(["d2", "d3", "d1"], 24), np.array(["d1", "d2", "d3"])
    labels, genes = np.array(["a"] * 72), donors
    true, predicted = (
        Compared(sparse.csr_matrix((of[:, None] == donors).astype(np.float32)), labels, genes, "PBS", batches=of)
        for of in (batch, np.sort(batch))
    )
    got = table(true, predicted, variants=[variant], components=2)
    assert got.loc[(variant, "w2"), "value"] == pytest.approx(0, abs=1e-6)
