"""Which datasets leave a cell type of a screen out, and which runs each has."""

from copy import deepcopy

import pytest
import yaml

from expressionvae import left_out
from tests.conftest import REPOSITORY

BLOCK = {"bottleneck": ["fsq"], "prior": ["ar", "mdlm"], "decoder": ["hurdle", "nb-sample"]}
MINE = {"kind": "local", "embedding": "learned", "cell_type_column": "line", "heldout": None, "min_cells": 5}


@pytest.fixture
def config() -> dict:
    config = deepcopy(yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text()))
    config["datasets"]["mine"] = dict(MINE)
    config["composition"] = config["composition"] | {"cell_types": 2, "runs": [BLOCK]}
    return config | {"screens": ["mine"]}


def test_the_paper_s_screens_leave_none_out_and_small_sizes_do():
    paper, small = (
        yaml.safe_load((REPOSITORY / "config" / f"{name}.yaml").read_text()) for name in ("config", "small")
    )
    assert left_out.screens(paper) == [] and left_out.datasets(paper) == {}
    assert small["composition"]["cell_types"] > 0


def test_left_out_datasets_are_numbered_and_keep_what_their_screen_says(config):
    found = left_out.datasets(config)
    assert list(found) == ["mine-left-out-1", "mine-left-out-2"]
    assert found["mine-left-out-2"] == MINE | {"kind": "left-out", "of": "mine", "place": 2}


def test_a_screen_without_a_column_of_cell_types_leaves_none_out(config):
    config["datasets"]["mine"]["cell_type_column"] = None
    assert left_out.screens(config) == [] and left_out.datasets(config) == {}


def test_each_has_every_run_with_one_training_also_where_nothing_is_held_out(config):
    config["replicates"]["trainings"] = [{"vae": 3, "prior": 4}, {"vae": 5, "prior": 6}]
    groups = left_out.runs(config, "mine")
    assert [{run.dataset for run in group} for group in groups] == [{"mine-left-out-1"}, {"mine-left-out-2"}]
    models = [run for run in groups[0] if not run.baseline]
    assert {(run.prior, run.decoder) for run in models} == {(p, d) for p in BLOCK["prior"] for d in BLOCK["decoder"]}
    assert {(run.vae_seed, run.prior_seed) for run in models} == {(3, 4)}
    assert {run.baseline for run in groups[0]} == {"", "control", "perturb-mean"}
    assert {run.sample_seed for run in groups[0]} == set(config["replicates"]["samples"])
