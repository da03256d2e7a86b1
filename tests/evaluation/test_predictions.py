import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from expressionvae.evaluation import predictions
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
