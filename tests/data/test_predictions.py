import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from expressionvae.data import predictions
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
    values = sparse.csr_matrix((np.array([0.0, 1.0]), np.array([2, 0]), np.array([0, 2, 2])), shape=(2, 3))
    predictions.write(tmp_path / "cells.h5ad", values, QUERY, GENES, {})
    assert ad.read_h5ad(tmp_path / "cells.h5ad").X.nnz == 1


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_no_number_is_named_and_leaves_no_file(tmp_path, wrong):
    values = VALUES.copy()
    values[1, 2] = wrong
    with pytest.raises(UserError, match=f"predicted value {wrong} of gene 'G2' in cell 1: the training diverged"):
        predictions.write(tmp_path / "cells.h5ad", values, QUERY, GENES, {})
    assert not list(tmp_path.iterdir())
