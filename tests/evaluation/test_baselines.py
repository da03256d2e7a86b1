import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from expressionvae.evaluation import predictions
from expressionvae.evaluation.baselines import Effects, Training, draw_controls, moved, perturb_mean
from expressionvae.evaluation.comparison import comparison_space
from expressionvae.files import UserError

GENES = 5


def training_cells(groups: dict[tuple[str, str], np.ndarray], per: int = 6) -> ad.AnnData:
    """Poisson cells around a profile for every (cell type, perturbation)."""
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.poisson(profile, (per, GENES)) for profile in groups.values()])
    obs = pd.DataFrame([key for key in groups for _ in range(per)], columns=["cell_type", "perturbation"])
    obs = obs.astype("category").set_index(obs.index.astype(str))
    var = pd.DataFrame(index=[f"gene{i}" for i in range(GENES)])
    uns = {"screen": {"name": "toy", "control": "PBS", "heldout_cell_types": ["T"], "embedding": "learned"}}
    return ad.AnnData(sparse.csr_matrix(X.astype(np.int32)), obs=obs, var=var, uns=uns)


BASE, MOVED = np.full(GENES, 20.0), np.array([80.0, 20, 20, 20, 20])


@pytest.fixture
def train() -> ad.AnnData:
    """Target T; a moves gene0 in contexts B and M; b is known in T only; c is known nowhere."""
    contexts = {(c, "PBS"): BASE for c in "BMT"}
    return training_cells({**contexts, ("B", "a"): MOVED, ("M", "a"): MOVED, ("T", "b"): MOVED[::-1]})


def query_for(labels: list[str]) -> pd.DataFrame:
    cells = [f"cell{i}" for i in range(len(labels))]
    return pd.DataFrame({"cell": cells, "cell_type": "T", "perturbation": labels})


def controls(train: ad.AnnData, query: pd.DataFrame, seed: int = 0) -> sparse.csr_matrix:
    """The cells that a query is asked with, which the baseline `control` gives back."""
    training = Training(train, rescale_to=1e4)
    return training.X[draw_controls(training, query, np.random.default_rng(seed))]


def mean(train: ad.AnnData, query: pd.DataFrame, seed: int = 0) -> sparse.csr_matrix:
    return perturb_mean(Training(train, rescale_to=1e4), query, np.random.default_rng(seed))


BOTH = pytest.mark.parametrize("cells_of", [controls, mean], ids=["control", "perturb-mean"])


@BOTH
def test_cells_can_be_written_as_predictions(train, cells_of, tmp_path):
    query, path = query_for(["a", "PBS", "a", "c"]), tmp_path / "cells.h5ad"
    predictions.write(path, cells_of(train, query), query, train.var_names.tolist(), {"baseline": "this"})
    cells = ad.read_h5ad(path)
    assert list(cells.obs_names) == list(query["cell"]) and list(cells.obs["perturbation"]) == ["a", "PBS", "a", "c"]
    assert cells.uns["space"] == "linear" and cells.uns["provenance"] == {"baseline": "this"}
    assert isinstance(cells.X, sparse.csr_matrix) and cells.X.dtype == np.float32 and (cells.X.data > 0).all()
    assert list(cells.var_names) == list(train.var_names)


@BOTH
def test_the_seed_decides(train, cells_of):
    query = query_for(["a"] * 5)
    first, again, other = (cells_of(train, query, seed).toarray() for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_control_gives_control_cells_of_the_target(train):
    own = train.X[((train.obs["cell_type"] == "T") & (train.obs["perturbation"] == "PBS")).to_numpy()].toarray()
    cells = controls(train, query_for(["a", "c", "PBS"])).toarray()
    assert all((own == cell).all(axis=1).any() for cell in cells)


@pytest.mark.parametrize("asked", [2, 3, 6, 12])  # of 6 controls
@BOTH
def test_the_shift_from_predicted_controls_varies_as_that_of_two_samples(train, cells_of, asked):
    """Variance over seeds of a mean of n minus a mean of 6 draws: (1/n + 1/6) of that of the controls."""
    query = query_for(["a"] * asked + ["PBS"] * 6)
    drawn = [comparison_space(cells_of(train, query, seed), rescale_to=1e4).toarray() for seed in range(200)]
    shifts = np.array([cells[:asked].mean(0) - cells[asked:].mean(0) for cells in drawn])
    training = Training(train, rescale_to=1e4)
    own = training.log_normal(training.controls("T")).toarray().var(0)
    assert 0.8 < (shifts.var(0) / (own * (1 / asked + 1 / 6))).mean() < 1.25


@pytest.mark.parametrize("asked", [3, 6, 7, 12])
def test_control_has_a_shift_of_its_own_at_every_number_of_cells(train, asked):
    cells = controls(train, query_for(["a"] * asked + ["PBS"] * 6)).toarray()
    assert np.std(cells[:asked].mean(0) - cells[asked:].mean(0)) > 0


def test_every_control_is_as_likely(train):
    training = Training(train, rescale_to=1e4)
    drawn = draw_controls(training, query_for(["a"] * 6000), np.random.default_rng(0))
    names, times = np.unique(drawn, return_counts=True)
    assert names.tolist() == training.controls("T").tolist() and (abs(times - 1000) < 150).all()


def test_a_single_control_is_no_sample(train):
    lone = train[
        [*np.flatnonzero(train.obs["cell_type"] != "T"), int(Training(train, rescale_to=1e4).controls("T")[0])]
    ]
    with pytest.raises(UserError, match="1 'PBS' cell of cell type 'T', expected 2 or more"):
        controls(lone.copy(), query_for(["a", "PBS"]))


def test_perturb_mean_adds_the_effect_seen_elsewhere(train):
    training = Training(train, rescale_to=1e4)
    expected = np.mean([training.effect(c, "a") for c in "BM"], axis=0)
    query = query_for(["a"] * 3)
    log = comparison_space(controls(train, query), rescale_to=1e4).toarray() + expected
    np.testing.assert_allclose(mean(train, query).toarray(), np.expm1(log), rtol=1e-4)


def test_the_target_context_does_not_vote(train):
    assert np.argmax(Training(train, rescale_to=1e4).effect_elsewhere("B", "a")) == 0
    with_own = training_cells({("B", "PBS"): BASE, ("T", "PBS"): BASE, ("B", "a"): MOVED, ("T", "a"): MOVED[::-1]})
    training = Training(with_own, rescale_to=1e4)
    np.testing.assert_array_equal(training.effect_elsewhere("T", "a"), training.effect("B", "a"))


def test_control_rows_are_not_moved(train):
    query = query_for(["PBS"] * 4)
    control, other = (comparison_space(cells_of(train, query), rescale_to=1e4) for cells_of in (controls, mean))
    np.testing.assert_allclose(other.toarray(), control.toarray(), rtol=1e-4)


def test_a_perturbation_known_nowhere_gets_the_mean_effect_of_the_target(train):
    training = Training(train, rescale_to=1e4)
    np.testing.assert_array_equal(training.effect_elsewhere("T", "c"), training.effect("T", "b"))


def test_nothing_to_average_is_refused(train):
    bare = train[train.obs["perturbation"] == "PBS"].copy()
    with pytest.raises(UserError, match="'c' is in no cell type but 'T'"):
        mean(bare, query_for(["c"]))


def test_a_cell_type_without_controls_is_refused(train):
    query = query_for(["a"]).assign(cell_type="Z")
    with pytest.raises(UserError, match="no 'PBS' cell of cell type 'Z'"):
        controls(train, query)


def test_means_that_were_kept_move_cells_as_the_training_cells_do(train):
    training, query = Training(train, rescale_to=1e4), query_for(["a", "PBS", "c", "b"] * 3)
    kept = Effects({pair: training.mean(*pair) for pair in training.pairs}, "PBS")
    cells = moved(controls(train, query), query, kept, rescale_to=1e4)
    np.testing.assert_array_equal(cells.toarray(), mean(train, query).toarray())
