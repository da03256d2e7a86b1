import anndata as ad
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from expressionvae.evaluation.space import (
    check,
    compared,
    comparison_space,
    mean_cell,
    mean_cells,
    read_predicted,
    read_truth,
)
from expressionvae.files import UserError


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


def test_cells_that_answer_the_truth_pass(truth, predicted):
    check(predicted, truth=truth, path="cells.h5ad")


def _refusal(adata: ad.AnnData, truth: ad.AnnData) -> str:
    with pytest.raises(UserError, match="^some/cells.h5ad: ") as error:
        check(adata, truth=truth, path="some/cells.h5ad")
    return str(error.value)


@pytest.mark.parametrize("space", ["log", None])
def test_another_space_is_refused(truth, predicted, space):
    predicted.uns["space"] = space
    assert repr(space) in _refusal(predicted, truth)


def test_a_missing_row_is_refused(truth, predicted):
    assert "169 cells, expected 170" in _refusal(predicted[1:].copy(), truth)


def test_rows_in_another_order_are_refused(truth, predicted):
    message = _refusal(predicted[::-1].copy(), truth)
    assert "perturbation" in message and "'PBS'" in message and "'p0'" in message


def test_genes_in_another_order_are_refused(truth, predicted):
    message = _refusal(predicted[:, ::-1].copy(), truth)
    assert "'gene39', expected 'gene0'" in message


def test_fewer_genes_are_refused(truth, predicted):
    assert "39 genes, expected 40" in _refusal(predicted[:, :-1].copy(), truth)


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_a_bad_value_is_refused(truth, predicted, value):
    predicted.X.data[3] = value
    assert "X holds" in _refusal(predicted, truth)


@pytest.mark.parametrize("label", ["p1", "PBS"])
@pytest.mark.parametrize("form", [sparse.csr_matrix, np.asarray, sparse.csc_matrix])
def test_a_perturbation_or_control_of_nothing_but_zeros_is_refused_by_name(truth, predicted, label, form):
    here = (truth.obs["perturbation"] == label).to_numpy()
    predicted.X = form(predicted.X.toarray() * ~here[:, None])
    assert f"nothing but zeros is predicted for '{label}' ({here.sum()} cells)" in _refusal(predicted, truth)


def test_nothing_but_zeros_is_refused(truth, predicted):
    predicted.X.data[:] = 0
    assert "'PBS' (50 cells), 'p0' (30 cells)" in _refusal(predicted, truth)


def test_a_cell_of_zeros_among_others_is_a_warning(truth, predicted, capsys):
    predicted.X = sparse.csr_matrix(predicted.X.toarray() * (np.arange(len(truth)) != 3)[:, None])
    check(predicted, truth=truth, path="cells.h5ad")
    assert "WARNING: cells.h5ad: 1 of 170 predicted cells are nothing but zeros" in capsys.readouterr().err


def test_files_are_read_and_checked(truth, predicted, tmp_path):
    truth.write_h5ad(tmp_path / "truth.h5ad")
    predicted.write_h5ad(tmp_path / "cells.h5ad")
    read = read_truth(tmp_path / "truth.h5ad")
    cells = compared(read_predicted(tmp_path / "cells.h5ad", truth=read), truth=read, rescale_to=1e4)
    assert cells.control == "PBS" and cells.perturbations == ["p0", "p1", "p2", "p3"]


def test_truth_without_controls_is_refused(truth, tmp_path):
    truth[truth.obs["perturbation"] != "PBS"].copy().write_h5ad(tmp_path / "truth.h5ad")
    with pytest.raises(UserError, match="'PBS', expected controls"):
        read_truth(tmp_path / "truth.h5ad")


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_truth_with_a_bad_value_is_refused(truth, tmp_path, value):
    truth.X = truth.X.astype(np.float32)
    truth.X.data[3] = value
    truth.write_h5ad(tmp_path / "truth.h5ad")
    with pytest.raises(UserError, match="truth.h5ad: X holds"):
        read_truth(tmp_path / "truth.h5ad")


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


def test_truth_with_a_gene_twice_is_refused(truth, tmp_path):
    truth.var_names = ["gene0", *truth.var_names[:-1]]
    truth.write_h5ad(tmp_path / "truth.h5ad")
    with pytest.raises(UserError, match="'gene0' occurs twice"):
        read_truth(tmp_path / "truth.h5ad")


def test_controls_may_be_lent_by_other_cells(true_cells, predicted_cells):
    mixed = predicted_cells.with_controls_of(true_cells)
    assert (mixed.perturbed != predicted_cells.perturbed).nnz == 0
    assert (mixed.X[mixed.is_control] != true_cells.X[true_cells.is_control]).nnz == 0
