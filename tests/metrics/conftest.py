"""A made-up screen in the form of truth.h5ad, small enough to score in a second."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from expressionvae.evaluation.comparison import Compared, compared

GENES = 40
CONTROL = "PBS"


def labels_of(perturbations: int, per: int, controls: int) -> np.ndarray:
    return np.array([f"p{i}" for i in range(perturbations) for _ in range(per)] + [CONTROL] * controls)


def draw_counts(labels: np.ndarray, seed: int) -> np.ndarray:
    """Poisson counts: every perturbation triples its own six genes."""
    rng = np.random.default_rng(seed)
    base = np.random.default_rng(7).gamma(2.0, 1.5, GENES)
    fold = np.ones((len(labels), GENES))
    for i, label in enumerate(labels):
        if label != CONTROL:
            k = int(label[1:])
            fold[i, np.arange(6 * k, 6 * k + 6) % GENES] = 3.0
    return rng.poisson(base * fold).astype(np.int32)


def as_truth(labels: np.ndarray, counts: np.ndarray) -> ad.AnnData:
    obs = pd.DataFrame({"cell_type": pd.Categorical(["T"] * len(labels)), "perturbation": pd.Categorical(labels)})
    obs.index = [f"cell{i}" for i in range(len(labels))]
    obs["library_size"] = counts.sum(axis=1).astype(np.float32)
    screen = {"name": "toy", "control": CONTROL, "heldout_cell_types": ["T"], "embedding": "learned"}
    var = pd.DataFrame(index=[f"gene{i}" for i in range(counts.shape[1])])
    return ad.AnnData(sparse.csr_matrix(counts), obs=obs, var=var, uns={"screen": screen})


def as_predicted(truth: ad.AnnData, X: np.ndarray) -> ad.AnnData:
    uns = {"space": "linear", "provenance": {"baseline": "toy"}}
    obs = truth.obs[["cell_type", "perturbation"]].copy()
    return ad.AnnData(sparse.csr_matrix(X.astype(np.float32)), obs=obs, var=truth.var.copy(), uns=uns)


def cells_of(labels: np.ndarray, X: np.ndarray) -> Compared:
    truth = as_truth(labels, X)
    return compared(truth, truth=truth, rescale_to=1e4)


@pytest.fixture
def labels() -> np.ndarray:
    return labels_of(perturbations=4, per=30, controls=50)


@pytest.fixture
def truth(labels) -> ad.AnnData:
    return as_truth(labels, draw_counts(labels, seed=0))


@pytest.fixture
def predicted(truth, labels) -> ad.AnnData:
    return as_predicted(truth, draw_counts(labels, seed=1))


@pytest.fixture
def true_cells(labels) -> Compared:
    return cells_of(labels, draw_counts(labels, seed=0))


@pytest.fixture
def predicted_cells(labels) -> Compared:
    return cells_of(labels, draw_counts(labels, seed=1))


@pytest.fixture
def toy_cells():
    """Maker of cells with any number of perturbations."""

    def make(perturbations: int, per: int, controls: int, seed: int) -> Compared:
        labels = labels_of(perturbations, per, controls)
        return cells_of(labels, draw_counts(labels, seed))

    return make


@pytest.fixture
def constant_cells(labels) -> Compared:
    """What a collapsed deterministic decoder gives: the same cell for every row."""
    return cells_of(labels, np.tile(np.arange(1, GENES + 1), (len(labels), 1)))


@pytest.fixture
def unmoved_cells():
    """Maker of cells in which no perturbation does anything."""

    def make(perturbations: int, per: int, controls: int, seed: int) -> Compared:
        labels = labels_of(perturbations, per, controls)
        return cells_of(labels, draw_counts(np.full(len(labels), CONTROL), seed))

    return make
