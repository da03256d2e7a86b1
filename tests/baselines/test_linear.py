"""The linear model is least squares with a ridge on either side, of changes that each cell type counts once in."""

import contract
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from tests.baselines.conftest import script

model = script("linear/model")


def planted(seed: int, genes: int = 12, components: int = 3, dimension: int = 4, perturbations: int = 9):
    """G, W, P whose rows are centred over perturbations, b, and Y = G W P + b."""
    rng = np.random.default_rng(seed)
    G, W = rng.normal(size=(genes, components)), rng.normal(size=(components, dimension))
    P, b = rng.normal(size=(dimension, perturbations)), rng.normal(size=genes)
    P -= P.mean(axis=1, keepdims=True)
    return G, W, P, b, G @ W @ P + b[:, None]


@given(seed=st.integers(0, 1000))
def test_a_planted_linear_effect_is_found_when_the_penalty_is_small(seed):
    G, W, P, b, Y = planted(seed)
    found, offset = model.fit(Y, G, P, 1e-9)
    np.testing.assert_allclose(found, W, atol=1e-3)
    np.testing.assert_allclose(offset, b, atol=1e-9)


@given(seed=st.integers(0, 1000), ridge=st.floats(0.01, 10))
def test_the_fit_is_the_formula_of_the_paper(seed, ridge):
    G, _, P, _, Y = planted(seed)
    Y = Y + np.random.default_rng(seed).normal(size=Y.shape)
    left = np.linalg.inv(G.T @ G + ridge * np.eye(G.shape[1])) @ G.T
    right = P.T @ np.linalg.inv(P @ P.T + ridge * np.eye(len(P)))
    np.testing.assert_allclose(model.fit(Y, G, P, ridge)[0], left @ (Y - Y.mean(1)[:, None]) @ right, atol=1e-8)


@pytest.mark.parametrize("penalties", [(0.1, 1.0), (1.0, 100.0)])
def test_a_larger_penalty_shrinks_the_effect(penalties):
    G, _, P, _, Y = planted(0)
    small, large = (np.linalg.norm(model.fit(Y, G, P, ridge)[0]) for ridge in penalties)
    assert large < small


def test_every_cell_type_counts_once_however_many_cells_it_has():
    bulk = {("t", "ctrl"): np.array([0.0]), ("t", "A"): np.array([1.0])}
    bulk |= {("u", "ctrl"): np.array([1.0]), ("u", "A"): np.array([4.0]), ("u", "B"): np.array([0.0])}
    bulk |= {("no controls", "A"): np.array([100.0])}
    change = model.changes(bulk, "ctrl")
    assert {label: value.tolist() for label, value in change.items()} == {"A": [2.0], "B": [-1.0]}


def test_nothing_to_learn_from_is_a_mistake():
    with pytest.raises(contract.Mistake, match="no change to learn from"):
        model.changes({("t", "ctrl"): np.array([0.0]), ("u", "A"): np.array([1.0])}, "ctrl")


def test_pseudobulks_are_means_of_log_normal_cells_and_controls_are_one_whatever_their_label():
    counts = csr_matrix(np.array([[1, 1], [3, 1], [0, 2], [1, 0]], np.float32))
    cells = contract.Cells(
        counts=counts,
        perturbation=np.array(["guide-1", "guide-2", "A", "A"]),
        cell_type=np.array(["t"] * 4),
        library=np.ones(4),
        genes=["a", "b"],
        is_control=np.array([True, True, False, False]),
        control="ctrl",
    )
    bulk = model.pseudobulks(cells, 4.0)
    assert set(bulk) == {("t", "ctrl"), ("t", "A")}
    np.testing.assert_allclose(bulk["t", "ctrl"], (np.log1p([2, 2]) + np.log1p([3, 1])) / 2, rtol=1e-6)
    np.testing.assert_allclose(bulk["t", "A"], (np.log1p([0, 4]) + np.log1p([4, 0])) / 2, rtol=1e-6)


def test_a_gene_embedding_has_no_more_components_than_conditions_have():
    rng = np.random.default_rng(0)
    bulk = {("t", str(i)): rng.normal(size=20) for i in range(4)}
    assert model.gene_embedding(bulk, 10).shape == (20, 4)
    assert model.gene_embedding(bulk, 2).shape == (20, 2)
