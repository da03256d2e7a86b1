"""What other authors' baselines are given is what baselines/README.md promises them."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from expressionvae.data import sealed
from expressionvae.data.screen_labels import Labels
from expressionvae.evaluation import contract
from expressionvae.files import UserError
from tests.baselines.conftest import toy  # noqa: F401 - puts the baselines' own reader on the path
from tests.evaluation.test_baselines import BASE, MOVED, controls, query_for, training_cells


@pytest.fixture
def train():
    groups = {("B", "PBS"): BASE, ("T", "PBS"): BASE, ("B", "a"): MOVED, ("T", "b"): MOVED}
    cells = training_cells(groups)
    cells.X = cells.X.astype(np.float32)
    cells.obs["library_size"] = 3.0 * cells.X.sum(axis=1).A1 + np.arange(len(cells))
    return cells


def test_the_baselines_own_reader_finds_the_training_cells(train, tmp_path):
    from contract import read_train  # of baselines/common

    train.obs["batch"] = np.resize(["d1", "d2", "d1"], train.n_obs)
    sealed.write(tmp_path / "train.h5ad", contract.training(train), compression="gzip")
    read = read_train(tmp_path / "train.h5ad")
    assert read.batch is not None and read.batch.tolist() == train.obs["batch"].tolist()
    del train.obs["batch"]
    assert "batch" not in contract.training(train).obs
    assert read.control == "PBS" and read.genes == train.var_names.tolist()
    assert read.perturbation.tolist() == train.obs["perturbation"].tolist()
    assert read.cell_type.tolist() == train.obs["cell_type"].tolist()
    assert read.is_control.tolist() == (train.obs["perturbation"] == "PBS").tolist()
    assert np.array_equal(read.counts.toarray(), train.X.toarray())
    assert np.allclose(read.library, train.obs["library_size"])


def test_it_finds_the_query_too_and_of_each_wanted_cell_a_control_of_its_type(train, tmp_path):
    from contract import read_query

    wanted = query_for(["a", "PBS", "c"] * 5)
    sealed.write(tmp_path / "query.h5ad", contract.query(train, wanted, seed=0), compression="gzip")
    read = read_query(tmp_path / "query.h5ad", train.var_names.tolist())
    assert read.perturbation.tolist() == wanted["perturbation"].tolist() and set(read.cell_type) == {"T"}
    here = ((train.obs["perturbation"] == "PBS") & (train.obs["cell_type"] == "T")).to_numpy()
    known = {
        tuple(row): size for row, size in zip(train.X.toarray()[here], train.obs["library_size"][here], strict=True)
    }
    for cell, library in zip(read.counts.toarray(), read.library, strict=True):
        assert known[tuple(cell)] == pytest.approx(library)


def test_the_seed_draws_the_controls_that_perturb_mean_moves_where_it_is_called_from_the_library(train):
    wanted = query_for(["a", "PBS", "a", "c"])
    drawn = [contract.query(train, wanted, seed=seed).X.toarray() for seed in (0, 0, 1)]
    assert np.array_equal(drawn[0], drawn[1]) and not np.array_equal(drawn[0], drawn[2])
    assert np.array_equal(drawn[0], controls(train, wanted).toarray())


def test_nothing_of_the_true_cells_is_told(train):
    wanted = query_for(["a", "PBS", "a"]).assign(true_library=[11.0, 12.0, 13.0])
    other = wanted.assign(cell=["x", "y", "z"], true_library=[1.0, 2.0, 3.0])
    one, two = (contract.query(train, query, seed=0) for query in (wanted, other))
    pd.testing.assert_frame_equal(one.obs, two.obs)
    assert list(one.obs) == ["perturbation", "cell_type", "library"] and np.array_equal(
        one.X.toarray(), two.X.toarray()
    )


def test_a_cell_type_without_controls_is_refused(train):
    with pytest.raises(UserError, match="no 'PBS' cell of cell type 'X'"):
        contract.query(train, query_for(["a"]).assign(cell_type="X"), seed=0)


@pytest.mark.parametrize("width", [0, 4])
def test_vectors_are_the_embedding_or_one_hot_and_zero_for_the_control(tmp_path, width):
    from contract import read_vectors

    labels, embedding = ["a", "PBS", "b"], np.arange(3 * width, dtype=np.float32).reshape(3, width) + 1
    contract.save_vectors(tmp_path / "perturbations.npz", labels, embedding, control="PBS")
    found = read_vectors(tmp_path / "perturbations.npz")
    expected = {"a": [1, 0], "b": [0, 1]} if width == 0 else {"a": embedding[0], "b": embedding[2]}
    assert list(found) == labels and not found["PBS"].any()
    assert all(np.array_equal(found[label], vector) for label, vector in expected.items())


SEEN = pd.DataFrame({"cell_type": [*"kkr"], "perturbation": ["PBS", "a", "b"]})


def labels(*heldout: str) -> Labels:
    away = pd.DataFrame({"cell_type": "k", "perturbation": list(heldout)})
    return Labels.of(SEEN, away, "PBS", "esm2")


@pytest.mark.parametrize(
    ("heldout", "said"),
    [
        (["b"], ""),
        (["b", "c"], "dataset mine: no training cell has the held-out perturbation 'c'; these baselines "
                     "know perturbations from training cells alone: cpa, scgen; leave them out of the runs of mine"),
        ([*"bcdefgh"], "the held-out perturbations 'c', 'd', 'e', 'f', 'g' and 1 more; these"),
    ],
)  # fmt: skip
def test_a_held_out_perturbation_that_no_training_cell_has_is_refused_with_the_rows_to_leave_out(heldout, said):
    told = {"dataset": "mine", "baselines": ["cpa", "scgen"]}
    if said:
        with pytest.raises(UserError, match=said):
            contract.require_seen(labels(*heldout), **told)
    else:
        contract.require_seen(labels(*heldout), **told)


def test_counts_stay_sparse(train):
    assert all(
        isinstance(cells.X, sparse.csr_matrix)
        for cells in (contract.training(train), contract.query(train, query_for(["a"]), seed=0))
    )
