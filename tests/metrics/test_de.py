import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.stats import mannwhitneyu

from expressionvae.evaluation.comparison import Compared
from expressionvae.files import UserError
from expressionvae.metrics.de import Expression, differential_expression, expression, log2_ratio, read_de, write_de


def table_of(cells: Compared, epsilon: float = 0.0) -> pl.DataFrame:
    return differential_expression(cells, epsilon=epsilon, threads=1)


def cells_of(values, labels: list[str]) -> Compared:
    X = sparse.csr_matrix(np.array(values, dtype=np.float32))
    X.eliminate_zeros()
    return Compared(X, np.array(labels), np.array([f"gene{i}" for i in range(X.shape[1])]), "ctrl")


@pytest.fixture
def edge_cells(true_cells) -> Compared:
    """gene0 nowhere, gene1 in controls only, gene2 in perturbed cells only."""
    X = true_cells.X.toarray()
    X[:, 0] = 0
    X[~true_cells.is_control, 1] = 0
    X[true_cells.is_control, 2] = 0
    return Compared(type(true_cells.X)(X), true_cells.labels, true_cells.genes, true_cells.control)


@pytest.mark.slow
def test_equals_the_de_of_cell_eval_but_for_genes_that_nobody_has(edge_cells):
    from cell_eval._evaluator import _build_pdex_kwargs
    from pdex import pdex

    settings = _build_pdex_kwargs("PBS", "perturbation", 1, allow_discrete=False)
    theirs = pdex(adata=edge_cells.anndata(), mode="ref", **settings).sort("target", maintain_order=True)
    ours = table_of(edge_cells)
    assert ours["target"].to_list() == theirs["target"].to_list()
    assert ours["feature"].to_list() == theirs["feature"].to_list()
    for column in ("p_value", "fdr"):
        np.testing.assert_allclose(ours[column], theirs[column], rtol=1e-9, atol=1e-13)
    changes = ours["log2_fold_change"].fill_nan(0)  # pdex: 0 for 0 / 0
    np.testing.assert_allclose(changes, theirs["log2_fold_change"], rtol=1e-3, atol=1e-5)


# Counts of a few values, so that ties, genes without a count and U at its mean are common.
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 9), st.sampled_from([1, 2, 50]))
def test_p_values_are_scipys(seed, sizes, controls, kinds):
    rng = np.random.default_rng(seed)
    labels = ["ctrl"] * controls + [f"p{i}" for i in range(3) for _ in range(sizes + i)]
    values = np.log1p(rng.integers(0, kinds + 1, (len(labels), 5)) * rng.integers(0, 2, (len(labels), 5)))
    cells = cells_of(values, labels)
    (found,) = expression(cells, [cells.control_cells], threads=2)
    dense, own = cells.X.toarray().astype(np.float64), cells.is_control
    for row, label in zip(found.p_value, cells.perturbations, strict=True):
        with np.errstate(all="ignore"):
            expected = mannwhitneyu(dense[cells.labels == label], dense[own], axis=0, method="asymptotic").pvalue
        np.testing.assert_allclose(row, expected, rtol=1e-9)


@pytest.mark.parametrize(
    "perturbed, control",
    [([1, 2, 5, 6], [3, 4]), ([0, 3], [0, 3]), ([0, 0], [0, 0]), ([2, 2, 0], [2, 0, 2]), ([1, 4], [2, 3])],
)
def test_u_at_its_mean_is_no_evidence(perturbed, control):
    """The continuity correction would overshoot there: |U - mean| - 0.5 < 0."""
    cells = cells_of([[x] for x in [*perturbed, *control]], ["a"] * len(perturbed) + ["ctrl"] * len(control))
    assert table_of(cells)["p_value"].to_list() == [1.0]


def test_a_p_value_by_hand():
    # U counts the pairs in which the perturbed value is higher, ties half: 1 + 1 + 0.5 + 1 + 1 + 1 = 5.5 of 6, mean 3;
    # the variance 6/12 * (6 - sum(t^3 - t) / (5 * 4)) has one tie of two: 6/12 * (6 - 6/20) = 2.85
    cells = cells_of([[3], [4], [5], [1], [3]], ["a"] * 3 + ["ctrl"] * 2)
    from scipy.stats import norm

    assert table_of(cells)["p_value"][0] == pytest.approx(2 * norm.sf((5.5 - 3 - 0.5) / np.sqrt(2.85)))


def test_the_fdr_is_within_a_perturbation():
    frame = table_of(cells_of(np.random.default_rng(0).random((60, 4)), ["ctrl"] * 20 + ["a"] * 20 + ["b"] * 20))
    for target in "ab":
        part = frame.filter(pl.col("target") == target)
        p = part["p_value"].to_numpy()
        ranked = np.sort(p) * 4 / np.arange(1, 5)
        expected = np.minimum.accumulate(ranked[::-1])[::-1].clip(max=1)
        np.testing.assert_allclose(part["fdr"].to_numpy()[np.argsort(p)], expected)


@pytest.mark.parametrize("epsilon, expected", [(0.0, [1.0, np.inf, -np.inf, np.nan]), (0.5, None)])
def test_fold_changes_are_of_geometric_means_on_the_linear_scale(epsilon, expected):
    # perturbed: log1p means log 5, log 3, 0, 0, that is 4, 2, 0, 0; controls: 2, 0, 3, 0
    perturbed, control = np.log1p([[4, 8, 0, 0], [4, 0, 0, 0]]), np.log1p([[2, 0, 3, 0], [2, 0, 3, 0]])
    frame = table_of(cells_of([*perturbed, *control], ["a", "a", "ctrl", "ctrl"]), epsilon)
    np.testing.assert_allclose(frame["mean"], [4, 2, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(frame["control_mean"], [2, 0, 3, 0], rtol=1e-6)
    expected = expected or np.log2([4.5 / 2.5, 2.5 / 0.5, 0.5 / 3.5, 1.0])
    np.testing.assert_allclose(frame["log2_fold_change"], expected, rtol=1e-6, atol=1e-9)


def test_p_values_do_not_know_of_epsilon(true_cells):
    plain, padded = table_of(true_cells), table_of(true_cells, 0.5)
    assert plain["p_value"].equals(padded["p_value"]) and plain["fdr"].equals(padded["fdr"])
    assert not plain["log2_fold_change"].equals(padded["log2_fold_change"])


def test_several_sets_of_controls_are_tested_as_if_alone(true_cells, predicted_cells):
    both = expression(true_cells, [true_cells.control_cells, predicted_cells.control_cells], threads=1)
    for found, lender in zip(both, (true_cells, predicted_cells), strict=True):
        expected = table_of(true_cells.with_controls_of(lender))
        assert found.frame(epsilon=0.0).equals(expected, null_equal=True)


def test_the_genes_that_were_moved_are_found(true_cells):
    frame = table_of(true_cells)
    found = frame.filter((pl.col("target") == "p1") & (pl.col("fdr") < 0.05) & (pl.col("log2_fold_change") > 0))
    assert {f"gene{i}" for i in range(6, 12)} <= set(found["feature"])


def test_there_is_a_row_for_every_perturbation_and_gene(true_cells):
    frame = table_of(true_cells)
    assert frame.columns == ["target", "feature", "mean", "control_mean", "log2_fold_change", "p_value", "fdr"]
    assert frame.shape[0] == 4 * 40 and "PBS" not in frame["target"]


def test_the_order_of_cells_does_not_matter(true_cells):
    order = np.random.default_rng(0).permutation(len(true_cells.labels))
    shuffled = Compared(true_cells.X[order], true_cells.labels[order], true_cells.genes, true_cells.control)
    a, b = (table_of(cells) for cells in (true_cells, shuffled))
    for column in ("log2_fold_change", "p_value", "fdr"):
        np.testing.assert_allclose(a[column], b[column], rtol=1e-9, atol=1e-12)


def test_zero_over_zero_is_undefined():
    np.testing.assert_array_equal(log2_ratio(np.array([0.0, 4.0]), np.array([0.0, 1.0])), [np.nan, 2.0])


def test_rounding_is_no_change():
    assert log2_ratio(np.array([1.0 + 1e-14]), np.array([1.0])).tolist() == [0.0]


def test_the_table_survives_its_file(true_cells, tmp_path):
    frame = table_of(true_cells)
    write_de(frame, tmp_path / "truth_de.parquet")
    assert read_de(tmp_path / "truth_de.parquet").equals(frame)


def test_the_table_of_other_cells_is_refused(true_cells, toy_cells):
    with pytest.raises(UserError, match="column 'target' does not list the 4 perturbations and 40 genes"):
        Expression.of(table_of(toy_cells(3, 30, 50, seed=0)), true_cells)
    with pytest.raises(UserError, match="column 'feature'"):
        Expression.of(table_of(true_cells).with_columns(feature=pl.lit("gene0")), true_cells)


def test_the_number_of_threads_changes_no_bit(true_cells):
    one, three = (expression(true_cells, [true_cells.control_cells], threads=threads)[0] for threads in (1, 3))
    np.testing.assert_array_equal(one.p_value, three.p_value)
    assert one.frame(epsilon=0.0).equals(three.frame(epsilon=0.0))
