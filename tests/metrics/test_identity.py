import numpy as np
import pandas as pd
import pytest
from anndata import AnnData, concat
from scipy import sparse

from expressionvae.evaluation import cell_types
from expressionvae.evaluation.comparison import compared
from expressionvae.metrics.identity import IDENTITIES, identity_scores, shares

SETTINGS = {"rescale_to": 1e4, "cells_per_type": 100, "inverse_penalty": 0.01, "seed": 0}
OTHER, WANTED = "B", "T"


def cells(kinds: list[tuple[str, str, int]], seed: int) -> AnnData:
    """Counts of cells of (type, perturbation, number): each type has five genes of its own, and so has `p`."""
    rng = np.random.default_rng(seed)
    rows = [kind[:2] for kind in kinds for _ in range(kind[2])]
    mean = np.full((len(rows), 20), 2.0)
    for i, (name, perturbation) in enumerate(rows):
        mean[i, slice(0, 5) if name == OTHER else slice(5, 10)] = 12.0
        mean[i, 10:15] = 12.0 if perturbation == "p" else 2.0
    obs = pd.DataFrame(rows, columns=["cell_type", "perturbation"], index=[f"{seed}-{i}" for i in range(len(rows))])
    about = {"control": "PBS"}
    return AnnData(sparse.csr_matrix(rng.poisson(mean).astype(np.float32)), obs=obs, uns={"screen": about})


@pytest.fixture
def screen():
    train = cells([(OTHER, "PBS", 60), (OTHER, "p", 60), (WANTED, "PBS", 40)], seed=0)
    truth = concat([cells([(WANTED, "p", 40)], seed=1), train[train.obs["cell_type"] == WANTED]])
    truth.uns["screen"] = {"control": "PBS"}
    return train, truth


def scored(screen, predicted: AnnData, **changes) -> dict:
    train, truth = screen
    judges = cell_types.fit(train, truth, **(SETTINGS | changes))
    sides = (compared(side, truth=truth, rescale_to=1e4) for side in (truth, predicted))
    rows = identity_scores(*sides, truth.obs["cell_type"].to_numpy(dtype=str), judges)
    return {(row["metric"], row["variant"]): row["value"] for row in rows}


def planted(right: float) -> AnnData:
    """A prediction of which a share of the perturbed cells, and of the controls, is of the wanted type."""
    count = round(40 * right)
    parts = [(kind, label, n) for label in ("p", "PBS") for kind, n in ((WANTED, count), (OTHER, 40 - count))]
    return cells(parts, seed=2)


@pytest.mark.parametrize("right", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("variant", ["training", "with-true"])
def test_identity_is_the_planted_share_of_cells_of_the_wanted_type(screen, right, variant):
    found = scored(screen, planted(right))
    assert found["identity", variant] == right and found["identity_controls", variant] == right
    assert found["identity_true", variant] == 1 and found["identity_controls_true", variant] == 1


def test_no_true_cell_is_judged_by_a_classifier_that_was_fitted_on_it(screen):
    """Labels that mean nothing are guessed, not known: a classifier that had seen a cell would know it by heart."""
    train, _ = screen
    rng = np.random.default_rng(0)
    train = AnnData(sparse.csr_matrix(rng.poisson(3.0, (400, 300)).astype(np.float32)), uns=train.uns)
    train.obs["cell_type"], train.obs["perturbation"] = rng.choice([OTHER, WANTED], 400), "PBS"
    train.obs_names = [f"t{i}" for i in range(400)]
    held = train[:0].copy()
    held = AnnData(sparse.csr_matrix(rng.poisson(3.0, (100, 300)).astype(np.float32)))
    held.obs["cell_type"], held.obs["perturbation"] = rng.choice([OTHER, WANTED], 100), "p"
    held.obs_names = [f"h{i}" for i in range(100)]
    truth = concat([held, train])
    truth.uns["screen"] = {"control": "PBS"}
    found = scored((train, truth), truth, cells_per_type=1000, inverse_penalty=10.0)
    assert all(0.3 < value < 0.7 for value in found.values()), found


def test_a_screen_of_one_cell_type_has_no_identity(screen):
    train, truth = screen
    train = train[train.obs["cell_type"] == WANTED].copy()
    found = scored((train, truth), truth)
    assert list(found) == IDENTITIES and np.isnan(list(found.values())).all()


def test_of_several_held_out_types_each_counts_alike_and_has_its_own_wanted_type():
    """Cells of one wanted type taken for the other are wrong; 30 cells of a type count as much as 10 of another."""
    train = cells([(OTHER, "PBS", 60), (WANTED, "PBS", 60)], seed=0)
    controls = [(OTHER, "PBS", 20), (WANTED, "PBS", 20)]
    truth = cells([(OTHER, "p", 30), (WANTED, "p", 10), *controls], seed=1)
    truth.uns["screen"] = {"control": "PBS"}
    found = scored((train, truth), cells([(OTHER, "p", 40), *controls], seed=2))
    assert found["identity", "training"] == 0.5 and found["identity_controls", "training"] == 1
    assert found["identity_true", "training"] == 1


def test_true_cells_as_their_own_prediction_reach_the_ceiling(screen):
    found = scored(screen, screen[1])
    assert found["identity", "training"] == found["identity_true", "training"]


def test_perturbed_cells_and_controls_are_counted_apart():
    is_control = np.array([False, False, True, True])
    got = shares(np.ones(4, dtype=bool), np.array([True, False, True, True]), is_control=is_control)
    assert got == {"identity": 0.5, "identity_true": 1, "identity_controls": 1, "identity_controls_true": 1}
