"""Every breach of baselines/README.md is one line that names the baseline and the part of the file."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from expressionvae.evaluation.admission import admit
from expressionvae.files import UserError

GENES = ["G0", "G1", "G2"]
QUERY = pd.DataFrame({"cell": ["c0", "c1", "c2"], "cell_type": ["T", "T", "U"], "perturbation": ["a", "PBS", "PBS"]})
COUNTS = np.array([[0.0, 1.5, 0.0], [2.0, 0.0, 3.0], [1.0, 0.0, 0.0]], np.float32)


def predicted(values=COUNTS, space="counts", **uns) -> ad.AnnData:
    """What a predict.py wrote that keeps the contract."""
    obs = QUERY[["perturbation", "cell_type"]].astype("category").set_index(QUERY.index.astype(str))
    uns |= {"space": space} | ({} if space == "counts" else {"target_sum": 1e4})
    return ad.AnnData(values, obs, pd.DataFrame(index=GENES), uns=uns)


def admitted(folder, cells: ad.AnnData, space="counts") -> ad.AnnData:
    cells.write_h5ad(folder / "predicted.h5ad")
    paths = (folder / "predicted.h5ad", folder / "cells.h5ad")
    admit(*paths, QUERY, GENES, baseline="toy", space=space, provenance={"baseline": "toy"})
    return ad.read_h5ad(folder / "cells.h5ad")


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
@pytest.mark.parametrize("space", ["counts", "linear", "log1p"])
def test_cells_of_every_space_are_written_on_the_linear_scale(tmp_path, space, form):
    values = np.log1p(COUNTS) if space == "log1p" else COUNTS
    cells = admitted(tmp_path, predicted(form(values), space), space)
    np.testing.assert_allclose(cells.X.toarray(), COUNTS, rtol=1e-6)
    assert cells.uns["space"] == "linear" and cells.uns["provenance"] == {"baseline": "toy"}
    assert cells.obs_names.tolist() == QUERY["cell"].tolist() and cells.var_names.tolist() == GENES
    assert cells.obs["cell_type"].tolist() == ["T", "T", "U"] and cells.obs["perturbation"].tolist() == [
        "a",
        "PBS",
        "PBS",
    ]


def changed(column: str, values: list) -> ad.AnnData:
    cells = predicted()
    cells.obs[column] = values
    return cells


def with_value(value: float) -> ad.AnnData:
    values = COUNTS.copy()
    values[1, 2] = value
    return predicted(values)


def without(*, uns: str = "", obs: str = "") -> ad.AnnData:
    cells = predicted()
    if uns:
        del cells.uns[uns]
    if obs:
        del cells.obs[obs]
    return cells


def renamed(genes: list[str]) -> ad.AnnData:
    cells = predicted()
    cells.var_names = genes
    return cells


BREACHES = {
    "no space": (without(uns="space"), "uns['space'] is None, expected 'counts' as about.yaml has it"),
    "another space": (predicted(space="log1p"), "uns['space'] is 'log1p', expected 'counts'"),
    "a sum of counts": (predicted(target_sum=1e4), "uns['target_sum'] is only of the spaces linear and log1p"),
    "fewer rows": (predicted()[:2].copy(), "2 rows, expected 3, one for each of the query"),
    "fewer genes": (predicted()[:, :2].copy(), "var_names: 2, expected 3"),
    "another gene": (renamed(["G0", "X", "G2"]), "var_names: number 1 is 'X', expected 'G1'"),
    "genes in another order": (renamed(["G1", "G0", "G2"]), "var_names: number 0 is 'G1', expected 'G0'"),
    "rows in another order": (predicted()[[1, 0, 2]].copy(), "obs['perturbation']: number 0 is 'PBS', expected 'a'"),
    "another label": (changed("perturbation", ["a", "b", "PBS"]), "obs['perturbation']: number 1 is 'b'"),
    "another cell type": (changed("cell_type", ["T", "T", "T"]), "obs['cell_type']: number 2 is 'T', expected 'U'"),
    "no labels": (without(obs="perturbation"), "obs has no column 'perturbation'"),
    "no number": (with_value(np.nan), "X holds 1 NaN or infinite values"),
    "an infinite number": (with_value(np.inf), "X holds 1 NaN or infinite values"),
    "a negative number": (with_value(-0.5), "X holds a negative value"),
    "a perturbation of zeros": (predicted(COUNTS * [[0], [1], [1]]), "nothing but zeros is predicted for 'a'"),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_is_one_line_and_leaves_nothing(tmp_path, breach):
    cells, words = BREACHES[breach]
    with pytest.raises(UserError) as error:
        admitted(tmp_path, cells.copy())
    message = str(error.value)
    assert message.startswith(f"baseline toy: {tmp_path}") and words in message and "\n" not in message
    assert not (tmp_path / "cells.h5ad").exists()


@pytest.mark.parametrize("total", [None, 0.0, np.nan, "1e4"])
def test_a_normalised_space_says_what_a_cell_was_normalised_to(tmp_path, total):
    cells = predicted(space="log1p")
    if total is None:
        del cells.uns["target_sum"]
    else:
        cells.uns["target_sum"] = total
    with pytest.raises(UserError, match=r"uns\['target_sum'\] is .*, expected what cells were normalised to"):
        admitted(tmp_path, cells, "log1p")


def test_log_values_too_large_for_any_count_are_refused(tmp_path):
    with pytest.raises(UserError, match="baseline toy: .*predicted value inf of gene 'G1' in cell 0"):
        admitted(tmp_path, predicted(COUNTS * 1000, "log1p"), "log1p")


def test_a_file_that_is_no_h5ad_is_one_line(tmp_path):
    (tmp_path / "predicted.h5ad").write_text("cells")
    with pytest.raises(UserError, match="^baseline toy: .*predicted.h5ad: not the cells that baselines/README.md asks"):
        admit(tmp_path / "predicted.h5ad", tmp_path / "c", QUERY, GENES, baseline="toy", space="counts", provenance={})
