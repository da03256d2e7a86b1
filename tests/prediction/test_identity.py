"""Of which cell type predicted cells are, by classifiers of the screen's controls."""

from dataclasses import replace

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from expressionvae.evaluation import cell_types
from expressionvae.evaluation.baselines import Training
from expressionvae.evaluation.comparison import comparison_space
from expressionvae.files import UserError
from expressionvae.prediction import identity
from expressionvae.prediction.cells import Asked, Way
from tests.prediction.test_call import loaded, weights  # noqa: F401 - a fixture
from tests.prediction.test_decoder import a_screen

HOW = {"rescale_to": 1e4, "cells_per_type": 1000, "inverse_penalty": 0.01, "seed": 0}


def screen(apart: float = 40.0, cells: int = 80) -> ad.AnnData:
    """Types A and B, each with a gene of its own; perturbed cells of A look like B, and are no controls."""
    obs = pd.DataFrame({"cell_type": ["A", "B"] * cells, "perturbation": "ctrl"})
    obs.loc[obs.index < cells // 2, "perturbation"] = "turns"
    mean = np.full((len(obs), 12), 5.0)
    looks_like_a = (obs["cell_type"] == "A") & (obs["perturbation"] == "ctrl")
    mean[looks_like_a, 0] += apart
    mean[~looks_like_a, 1] += apart
    counts = np.random.default_rng(0).poisson(mean).astype(np.float32)
    obs.index = obs.index.astype(str)
    made = ad.AnnData(sparse.csr_matrix(counts), obs, pd.DataFrame(index=[f"G{i}" for i in range(12)]))
    made.uns["screen"] = {"control": "ctrl"}
    return made


def share(judges: identity.OfControls, cells: ad.AnnData, kind: str) -> float:
    return judges.share(comparison_space(cells.X, rescale_to=1e4), kind)


def test_cells_that_turn_into_another_type_are_not_called_the_wanted_one():
    train = screen()
    judges = identity.fit(train, **HOW)
    turned = train[(train.obs["cell_type"] == "A") & (train.obs["perturbation"] == "turns")]
    controls = train[(train.obs["cell_type"] == "A") & (train.obs["perturbation"] == "ctrl")]
    assert share(judges, controls, "A") > 0.99 and judges.real("A") > 0.99
    assert share(judges, turned, "A") < 0.01


def test_no_real_control_is_judged_by_a_classifier_that_has_seen_it():
    judges = identity.fit(screen(apart=0.0, cells=400), **(HOW | {"inverse_penalty": 100.0}))
    assert np.abs(judges.own - 0.5).max() < 0.15  # types that do not differ: chance, and no better


def test_a_screen_of_one_type_tells_nothing_apart():
    train = screen()
    judges = identity.fit(train[train.obs["cell_type"] == "A"].copy(), **HOW)
    assert not judges.defined and np.isnan(judges.real("A")) and np.isnan(share(judges, train, "A"))


def test_the_same_seed_gives_the_same_file_and_other_genes_are_refused(tmp_path):
    train = screen()
    for name in ("a", "b"):
        cell_types.save(identity.fit(train, **HOW), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert identity.read(tmp_path / "a", genes=train.var_names.tolist()).real("A") > 0.99
    with pytest.raises(UserError, match="it is about other genes"):
        identity.read(tmp_path / "a", genes=["x"])


def test_a_file_with_a_weight_that_is_no_number_is_refused(tmp_path):
    train = screen()
    judges = identity.fit(train, **HOW)
    cell_types.save(replace(judges, weights=np.full_like(judges.weights, np.nan)), tmp_path / "a")
    with pytest.raises(UserError, match="it holds numbers that are none"):
        identity.read(tmp_path / "a", genes=train.var_names.tolist())


def test_shares_of_a_model_before_and_after_anchoring(weights, tmp_path):  # noqa: F811
    train, asked = a_screen(), Asked("T", "a", 6, "ctrl")
    judges = identity.fit(train, **(HOW | {"inverse_penalty": 1e6}))
    how = {"rescale_to": 1e4, "seed": 0}
    way = Way("anchored", 2, {}, 8, Training(train, rescale_to=1e4))
    cells, anchored = identity.of_model(loaded(weights), judges, asked, way, **how)
    own_cells, own = identity.of_model(loaded(weights), judges, asked, Way("sample", 2, {}, 8, None), **how)
    assert list(anchored) == list(own) == list(identity.KINDS)
    real = {tuple(row) for row in train.X.toarray()}
    assert {tuple(row) for row in cells.toarray()[6:]} <= real and own[identity.OWN_CONTROLS] == own[identity.CONTROLS]
    assert own[identity.CONTROLS] == identity.of_cells(own_cells, judges, asked, rescale_to=1e4)[identity.CONTROLS]
    assert all(anchored[what] == own[what] for what in (identity.OWN_CONTROLS, identity.RECONSTRUCTED))
    found = identity.rows([("v", 0, anchored), ("v", 1, own)])
    identity.write(found, tmp_path / "identity.csv")
    means = identity.means(tmp_path / "identity.csv")
    assert means[identity.PERTURBED] == pytest.approx((anchored["perturbed"] + own["perturbed"]) / 2)


def test_a_file_without_the_predicted_controls_is_refused(tmp_path):
    identity.write(identity.rows([("v", 0, {"perturbed": 1.0})]), tmp_path / "identity.csv")
    with pytest.raises(UserError, match="it lacks the predicted cells or the predicted controls"):
        identity.means(tmp_path / "identity.csv")
