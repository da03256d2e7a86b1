import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from expressionvae.evaluation import predictions
from expressionvae.evaluation.comparison import compared
from expressionvae.evaluation.predictions import check, read_predicted
from expressionvae.evaluation.truth import read_truth
from expressionvae.files import UserError

GENES = ["G0", "G1", "G2"]
QUERY = pd.DataFrame({"cell": ["c0", "c1"], "cell_type": "T", "perturbation": ["a", "PBS"]})
VALUES = np.array([[0.0, 1.5, 0.0], [2.0, 0.0, 3.0]])


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_cells_follow_the_contract(tmp_path, form):
    predictions.write(tmp_path / "cells.h5ad", form(VALUES), QUERY, GENES, {"seed": 1})
    cells = ad.read_h5ad(tmp_path / "cells.h5ad")
    assert list(cells.obs_names) == ["c0", "c1"] and list(cells.obs["perturbation"]) == ["a", "PBS"]
    assert cells.uns["space"] == "linear" and cells.uns["provenance"] == {"seed": 1}
    assert isinstance(cells.X, sparse.csr_matrix) and cells.X.dtype == np.float32 and (cells.X.data > 0).all()
    assert list(cells.var_names) == GENES and np.array_equal(cells.X.toarray(), VALUES)


def test_stored_zeros_are_no_values(tmp_path):
    values = sparse.csr_matrix((np.array([0.0, 1.0, 2.0]), np.array([2, 0, 1]), np.array([0, 2, 3])), shape=(2, 3))
    predictions.write(tmp_path / "cells.h5ad", values, QUERY, GENES, {})
    assert ad.read_h5ad(tmp_path / "cells.h5ad").X.nnz == 2


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_no_number_is_named_and_leaves_no_file(tmp_path, wrong):
    values = VALUES.copy()
    values[1, 2] = wrong
    with pytest.raises(UserError, match=f"predicted value {wrong} of gene 'G2' in cell 1: the training diverged"):
        predictions.write(tmp_path / "cells.h5ad", values, QUERY, GENES, {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("provenance", "named"),
    [({"head": "mine", "predict": "mean"}, "head 'mine' by the rule 'mean'"), ({"baseline": "toy"}, "the model")],
)
def test_negative_values_are_a_mistake_in_the_code_of_the_head_that_is_named_and_leave_no_file(
    tmp_path, provenance, named
):
    values = VALUES.copy()
    values[:, 1] = -0.5, -2
    with pytest.raises(AssertionError, match=f"{named} predicts 2 negative values, the smallest -2 of gene 'G1'"):
        predictions.write(tmp_path / "cells.h5ad", values, QUERY, GENES, provenance)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("zeros", "named"), [([0], "'a' (1 cells)"), ([1], "'PBS' (1 cells)"), ([0, 1], "'PBS' (1 cells), 'a' (1 cells)")]
)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_a_perturbation_of_nothing_but_zeros_is_named_and_leaves_no_file(tmp_path, zeros, named, form):
    values = VALUES.copy()
    values[zeros] = 0
    with pytest.raises(UserError, match="cells.h5ad: nothing but zeros is predicted for ") as error:
        predictions.write(tmp_path / "cells.h5ad", form(values), QUERY, GENES, {})
    assert named in str(error.value) and not list(tmp_path.iterdir())


def test_single_cells_of_zeros_are_counted(tmp_path, capsys):
    query = pd.DataFrame({"cell": list("vwxyz"), "cell_type": "T", "perturbation": [*"aaa", "PBS", "PBS"]})
    values = np.array([[0, 0, 0], [1, 0, 2], [0, 0, 0], [0, 0, 3], [0, 0, 0]])
    predictions.write(tmp_path / "cells.h5ad", values, query, GENES, {})
    assert "3 of 5 predicted cells are nothing but zeros (of 'a' 2 of 3)" in capsys.readouterr().err
    assert ad.read_h5ad(tmp_path / "cells.h5ad").n_obs == 5


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
