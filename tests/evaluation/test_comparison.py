import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from expressionvae.evaluation.comparison import comparison_space, mean_cell, mean_cells
from expressionvae.files import UserError


def test_log_values_come_back_from_the_linear_scale():
    counts = np.random.default_rng(0).poisson(2.0, (5, 7)).astype(np.float64)
    log = comparison_space(counts, rescale_to=1e4)
    again = comparison_space(np.expm1(log.toarray()), rescale_to=1e4)
    np.testing.assert_allclose(again.toarray(), log.toarray(), rtol=1e-5)


def test_stored_zeros_are_dropped():
    assert comparison_space(np.array([[0.0, 1.0], [0.0, 0.0]]), rescale_to=1e4).nnz == 1


def test_a_cell_sums_to_the_rescaled_total():
    log = comparison_space(np.array([[1.0, 3.0, 0.0]]), rescale_to=1e4)
    np.testing.assert_allclose(np.expm1(log.toarray()), [[2500, 7500, 0]], rtol=1e-5)


@settings(max_examples=30, deadline=None)
@given(arrays(np.float64, (4, 5), elements=st.integers(0, 50)), st.floats(1e-3, 1e3))
def test_scaling_a_cell_changes_nothing(X, factor):
    log, scaled = (comparison_space(x, rescale_to=1e4).toarray() for x in (X, X * factor))
    np.testing.assert_allclose(log, scaled, rtol=1e-5)


def test_an_empty_cell_stays_zero():
    log = comparison_space(np.array([[0.0, 0.0], [1.0, 0.0]]), rescale_to=1e4)
    assert log[0].nnz == 0 and np.isfinite(log.data).all()


def test_negative_values_count_as_zero_and_are_not_stored():
    log = comparison_space(sparse.csr_matrix(np.array([[-5.0, 2.0]])), rescale_to=1e4)
    assert log.nnz == 1 and log[0, 1] == pytest.approx(np.log1p(1e4))


def test_the_input_is_left_alone():
    X = sparse.csr_matrix(np.array([[1.0, 3.0], [0.0, 2.0]]))
    before = X.toarray()
    comparison_space(X, rescale_to=1e4)
    np.testing.assert_array_equal(X.toarray(), before)


def test_comparison_space_is_float32_csr_matrix(true_cells):
    assert isinstance(true_cells.X, sparse.csr_matrix) and true_cells.X.dtype == np.float32


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("kind", [np.array, sparse.csr_matrix])
def test_what_is_not_finite_never_comes_to_comparison_space(value, kind):
    with pytest.raises(UserError, match="hold 1 NaN or infinite values"):
        comparison_space(kind(np.array([[1.0, value], [2.0, 0.0]])), rescale_to=1e4)


def test_mean_cells_are_those_of_each_perturbation(true_cells):
    means = mean_cells(true_cells)
    assert means.dtype == np.float64 and means.shape == (4, 40)
    for mean, label in zip(means, true_cells.perturbations, strict=True):
        np.testing.assert_allclose(mean, true_cells.X.toarray()[true_cells.labels == label].mean(0), rtol=1e-5)
    np.testing.assert_allclose(mean_cell(true_cells.control_cells), true_cells.X.toarray()[-50:].mean(0), rtol=1e-5)


def test_controls_may_be_lent_by_other_cells(true_cells, predicted_cells):
    mixed = predicted_cells.with_controls_of(true_cells)
    assert (mixed.perturbed != predicted_cells.perturbed).nnz == 0
    assert (mixed.X[mixed.is_control] != true_cells.X[true_cells.is_control]).nnz == 0
