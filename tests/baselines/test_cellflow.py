"""CellFlow on the screen of test_real.py, with the effect that is planted there; it is asked for by no config."""

import numpy as np
import pytest
import yaml

from tests.baselines import toy
from tests.baselines.test_facts import log_normal
from tests.baselines.test_real import PLANTED, SEEDS, Run, made, target
from tests.conftest import REPOSITORY

OPTIONS = toy.TOY["cellflow"] | {"perturbation_embedding": "identity", "components": 30}


@pytest.fixture(scope="module")
def run(shared, python_of, tmp_path_factory) -> Run:
    return made(shared, python_of, tmp_path_factory.mktemp("cellflow"), {"cellflow": OPTIONS})


@pytest.mark.foreign
@pytest.mark.slow
def test_what_was_planted_in_other_lines_is_predicted_in_the_one_that_was_held_out(run):
    cells = run.cells("cellflow")
    label, log = cells.obs["perturbation"].astype(str).to_numpy(), log_normal(cells)
    shift = log[label == PLANTED].mean(axis=0) - log[label == "control"].mean(axis=0)
    assert (shift[run.raised] > 0).all() and shift[run.raised].mean() - shift[~run.raised].mean() > 1


@pytest.mark.foreign
@pytest.mark.slow
def test_a_seed_gives_the_same_cells_again_and_another_one_gives_others(run):
    one, other = (log_normal(run.cells("cellflow", seed)) for seed in SEEDS)
    run.snakemake("--forcerun", "predict_baseline_on_cpu", "--", target("cellflow", SEEDS[0]))
    run.kept.clear()
    assert np.array_equal(log_normal(run.cells("cellflow")), one) and (one != other).mean() > 0.05


def test_no_config_asks_for_it_and_its_page_names_the_licence():
    for path in REPOSITORY.glob("config/**/*.yaml"):
        assert "cellflow" not in path.read_text(encoding="utf-8"), path
    page = yaml.safe_load((toy.BASELINES / "cellflow" / "about.yaml").read_text(encoding="utf-8"))
    assert page["licence"].startswith("PolyForm Noncommercial 1.0.0")
