"""Batches: controls with the perturbed cells' shares, and cells with the controls' shares."""

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expressionvae.data import batches, prepared
from expressionvae.data.screen import Columns
from expressionvae.data.split import prepare
from expressionvae.evaluation import baselines, truth
from expressionvae.evaluation.comparison import compared, mean_cell
from expressionvae.evaluation.query import read_query
from expressionvae.metrics.floor import floor
from expressionvae.metrics.scores import distribution_scores

LABELS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=80).map(np.array)


@given(LABELS, LABELS, st.none() | st.integers(1, 60))
def test_matched_controls_are_there_and_have_the_perturbed_cells_shares(perturbed, controls, most):
    sizes = batches.matched(perturbed, controls, most=most)
    total = sum(sizes.values())
    assert total <= (len(controls) if most is None else most)
    given_, of = min(
        [(int((controls == name).sum()), int((perturbed == name).sum())) for name in sizes]
        + ([] if most is None else [(most, len(perturbed))]),
        key=lambda one: one[0] / one[1],
    )
    for name, size in sizes.items():
        assert size <= (controls == name).sum()
        exact = (perturbed == name).sum() * given_ / of
        assert exact - 1 < size <= exact + 1e-9


def test_the_scarcest_batch_limits_the_others():
    perturbed, controls = np.repeat(["a", "b"], [10, 30]), np.repeat(["a", "b", "c"], [50, 6, 9])
    assert batches.matched(perturbed, controls) == {"a": 2, "b": 6}
    assert batches.scarcest(perturbed, controls) == ("b", 30, 6)
    assert batches.matched(perturbed, controls[:50]) == {"a": 0, "b": 0}


@given(LABELS, st.integers(1, 200))
def test_cells_are_apportioned_as_the_controls_are(controls, number):
    labels = batches.apportioned(controls, number)
    assert len(labels) == number and labels == sorted(labels) and set(labels) <= set(controls)
    for name in set(controls):
        assert abs(labels.count(name) - number * (controls == name).mean()) < 1


@pytest.fixture(scope="module")
def confounded(tmp_path_factory) -> Path:
    """Donors differ by more than the perturbation does, and perturbed cells are of another than controls, mostly."""
    folder = tmp_path_factory.mktemp("confounded")
    sizes = {("ctrl", "d1"): 120, ("ctrl", "d2"): 40, ("A", "d1"): 40, ("A", "d2"): 120}
    rows = [(kind, *key) for kind in "kr" for key, number in sizes.items() for _ in range(number)]
    obs = pd.DataFrame(rows, columns=["line", "gene", "donor"])
    obs.index = [f"c{i}" for i in range(len(obs))]
    mean = np.full((len(obs), 30), 10.0)
    mean[:, :5] *= np.where(obs["gene"] == "A", 2.0, 1.0)[:, None]
    mean[:, 5:10] *= np.where(obs["donor"] == "d2", 4.0, 1.0)[:, None]
    mean[:, 10:15] *= np.where(obs["line"] == "k", 3.0, 1.0)[:, None]
    counts = np.random.default_rng(0).poisson(mean).astype(np.float32)
    ad.AnnData(counts, obs, pd.DataFrame(index=[f"G{i}" for i in range(30)])).write_h5ad(folder / "s.h5ad")
    return folder / "s.h5ad"


def scored(path: Path, folder: Path, batch: str | None) -> dict:
    """The true effect of A in line k, and scores of control, of PerturbMean and of true cells, from file to scores."""
    folder.mkdir()
    columns = Columns("gene", "line", None, None, None, batch=batch)
    about = dict(name="s", columns=columns, control="ctrl", embedding="learned", min_cells=5, genes=None)
    about |= dict(heldout={"cell_type": "k", "perturbations": ["A"]})
    prepare(path, folder / "train.h5ad", folder / "heldout.h5ad", **about)
    train, away = (prepared.whole(folder / f"{part}.h5ad", "cells") for part in ("train", "heldout"))
    cells = truth.choose(train, away, cells_per_perturbation=1000, controls=1000, seed=0)
    truth.save(cells, folder / "truth.h5ad", folder / "query.csv")
    cells, query = truth.read_truth(folder / "truth.h5ad"), read_query(folder / "query.csv")
    true = compared(cells, truth=cells, rescale_to=1e4)
    how = dict(components=5, max_cells=1000, mmd_sigmas=[1], seed=0)
    found = {"effect": mean_cell(true.perturbed) - mean_cell(true.control_cells)}
    training = baselines.Training(train, rescale_to=1e4)
    cells_of = {
        "control": training.X[baselines.draw_controls(training, query, np.random.default_rng(0))],
        "perturb-mean": baselines.perturb_mean(training, query, np.random.default_rng(0)),
    }
    for name, predicted in cells_of.items():
        side = compared(ad.AnnData(predicted), truth=cells, rescale_to=1e4)
        rows = distribution_scores(true, side, **how, variants=["half"])
        found[name] = next(row["value"] for row in rows if row["metric"] == "fd")
        found[f"{name} effect"] = mean_cell(side.perturbed) - mean_cell(side.control_cells)
    found["floor"] = next(row["value"] for row in floor(true, **how) if row["metric"] == "fd")
    return found


def test_with_batches_an_effect_is_that_of_the_perturbation_and_not_of_the_donors(confounded, tmp_path):
    within, pooled = (scored(confounded, tmp_path / str(batch), batch) for batch in ("donor", None))

    def of_donors(effect: np.ndarray) -> float:
        return effect[5:10].mean() - effect[15:].mean()

    assert of_donors(pooled["effect"]) > 0.4 and of_donors(pooled["perturb-mean effect"]) > 0.4
    assert abs(of_donors(within["effect"])) < 0.1 and abs(of_donors(within["perturb-mean effect"])) < 0.1
    assert abs(of_donors(within["control effect"])) < 0.1
    assert within["floor"] < within["perturb-mean"] < within["control"] < pooled["control"]
