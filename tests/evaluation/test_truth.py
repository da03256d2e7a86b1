"""True cells: capped, seeded, held-out perturbations first and then controls of the same cell type."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from expressionvae.evaluation.comparison import compared
from expressionvae.evaluation.query import read_query
from expressionvae.evaluation.truth import choose, query, read_truth, save
from expressionvae.files import UserError


def cells(groups, stem) -> ad.AnnData:
    rows = [(line, name) for line, name, number in groups for _ in range(number)]
    obs = pd.DataFrame(
        rows, columns=["cell_type", "perturbation"], index=[f"{stem}{i}" for i in range(len(rows))]
    ).astype("category")
    counts = csr_matrix(np.arange(1, 3 * len(rows) + 1, dtype=np.int32).reshape(-1, 3))
    obs["library_size"] = np.float32(10_000)
    about = dict(name="demo", control="ctrl", heldout_cell_types=["k"], embedding="learned")
    return ad.AnnData(X=counts, obs=obs, var=pd.DataFrame(index=list("xyz")), uns={"screen": about})


@pytest.fixture
def parts():
    train = cells([("k", "ctrl", 9), ("r", "ctrl", 5), ("r", "A", 4), ("k", "C", 3)], "t")
    return train, cells([("k", "B", 3), ("k", "A", 8)], "h")


def test_true_cells_are_capped_per_perturbation(parts):
    truth = choose(*parts, cells_per_perturbation=5, controls=6, seed=0)
    assert truth.obs["perturbation"].tolist() == ["A"] * 5 + ["B"] * 3 + ["ctrl"] * 6
    assert set(truth.obs["cell_type"]) == {"k"}
    assert truth.obs_names.is_unique


def test_true_cells_keep_counts_columns_and_provenance(parts):
    train, heldout = parts
    truth = choose(train, heldout, cells_per_perturbation=99, controls=99, seed=0)
    assert list(truth.obs.columns) == list(train.obs.columns)
    assert dict(truth.uns["screen"]) == dict(train.uns["screen"])
    assert truth.X.dtype == np.int32 and truth.X.format == "csr"
    assert (truth["h0"].X.toarray() == heldout["h0"].X.toarray()).all()
    assert list(truth.obs["perturbation"].cat.categories) == ["A", "B", "ctrl"]


def test_the_choice_is_seeded(parts):
    names = [tuple(choose(*parts, cells_per_perturbation=4, controls=4, seed=seed).obs_names) for seed in (0, 0, 1)]
    assert names[0] == names[1] != names[2]


def test_the_query_follows_the_true_cells(parts, tmp_path):
    truth = choose(*parts, cells_per_perturbation=4, controls=4, seed=0)
    save(truth, tmp_path / "truth.h5ad", tmp_path / "query.csv")
    asked = pd.read_csv(tmp_path / "query.csv")
    assert list(asked.columns) == ["cell", "cell_type", "perturbation", "true_library"]
    assert asked["cell"].tolist() == ad.read_h5ad(tmp_path / "truth.h5ad").obs_names.tolist()
    assert asked["true_library"].tolist() == truth.X.sum(axis=1).ravel().tolist()[0]
    pd.testing.assert_frame_equal(asked, query(truth), check_dtype=False)


def a_query(labels: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {"cell": [f"cell{i}" for i in range(len(labels))], "cell_type": "T", "perturbation": labels}
    ).assign(true_library=1.0)


def test_the_label_na_is_a_label(tmp_path):
    a_query(["NA", "a"]).to_csv(tmp_path / "query.csv", index=False)
    assert list(read_query(tmp_path / "query.csv")["perturbation"]) == ["NA", "a"]


def test_a_query_without_a_column_is_refused(tmp_path):
    a_query(["a"]).drop(columns="cell_type").to_csv(tmp_path / "query.csv", index=False)
    with pytest.raises(UserError, match="'cell_type' is missing"):
        read_query(tmp_path / "query.csv")


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


def test_truth_with_a_gene_twice_is_refused(truth, tmp_path):
    truth.var_names = ["gene0", *truth.var_names[:-1]]
    truth.write_h5ad(tmp_path / "truth.h5ad")
    with pytest.raises(UserError, match="'gene0' occurs twice"):
        read_truth(tmp_path / "truth.h5ad")


def with_batches(train, heldout):
    """Of B and A in k eight cells are of d1 and three of d2; of its controls three of d1, five of d2 and one of d3."""
    train.obs["batch"] = ["d1"] * 3 + ["d2"] * 5 + ["d3"] * (train.n_obs - 8)
    heldout.obs["batch"] = ["d2", "d1", "d1"] + ["d1"] * 3 + ["d2"] + ["d1"] * 3 + ["d2"]
    return train, heldout


def test_controls_have_the_batches_shares_among_the_perturbed_cells(parts):
    truth = choose(*with_batches(*parts), cells_per_perturbation=99, controls=99, seed=0)
    control = (truth.obs["perturbation"] == "ctrl").to_numpy()
    assert sorted(truth.obs["batch"][control]) == ["d1", "d1", "d1", "d2"]
    few = choose(*with_batches(*parts), cells_per_perturbation=99, controls=2, seed=0)
    assert (few.obs["perturbation"] == "ctrl").sum() == 1  # two of d1 would ask for a third of d2


def test_the_query_tells_the_sizes_of_batches_and_not_which_cell_is_of_which(parts, tmp_path):
    truth = choose(*with_batches(*parts), cells_per_perturbation=99, controls=99, seed=0)
    save(truth, tmp_path / "truth.h5ad", tmp_path / "query.csv")
    asked = read_query(tmp_path / "query.csv")
    keys = ["perturbation", "batch"]
    assert asked.groupby(keys).size().to_dict() == truth.obs.groupby(keys, observed=True).size().to_dict()
    assert asked.loc[asked["perturbation"] == "A", "batch"].tolist() == ["d1"] * 6 + ["d2"] * 2
    assert truth.obs["batch"].tolist() != asked["batch"].tolist()


def test_batches_that_are_numbers_are_text(parts, tmp_path):
    train, heldout = with_batches(*parts)
    for cells_ in (train, heldout):
        cells_.obs["batch"] = [label.replace("d", "0") for label in cells_.obs["batch"]]
    save(choose(train, heldout, cells_per_perturbation=9, controls=9, seed=0), tmp_path / "t", tmp_path / "q")
    assert set(read_query(tmp_path / "q")["batch"]) == {"01", "02"}


def test_predicted_cells_are_of_the_batches_that_the_query_asks_for(parts):
    truth = choose(*with_batches(*parts), cells_per_perturbation=99, controls=99, seed=0)
    true, predicted = (compared(side, truth=truth, rescale_to=1e4) for side in (truth, ad.AnnData(truth.X)))
    assert true.batches is not None and true.batches.tolist() == truth.obs["batch"].tolist()
    assert predicted.batches is not None and predicted.batches.tolist() == query(truth)["batch"].tolist()
    lent = predicted.with_controls_of(true)
    assert lent.batches is not None and lent.batches[lent.is_control].tolist() == true.batches[true.is_control].tolist()
