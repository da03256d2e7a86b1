"""scLDM: its networks come from a clone of its repository, which SCLDM_REPOSITORY may name."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from contract import Mistake  # pyright: ignore[reportMissingImports]

from tests.baselines import toy
from tests.baselines.conftest import script
from tests.baselines.test_facts import predicted_shift

model = script("scldm/model")
PLACE = os.environ.get("SCLDM_REPOSITORY")
SMALL = {"repository": PLACE, "vae_epochs": 45, "prior_epochs": 45, "batch_size": 32, "vae_lr": 3e-3, "prior_lr": 2e-3}
SMALL |= {"latents": 8, "latent_width": 8, "vae_width": 64, "vae_layers": 1, "vae_heads": 4, "vae_cross_heads": 8}
SMALL |= {"prior_width": 64, "prior_layers": 2, "prior_heads": 4, "class_dropout": 0.1}


def test_without_the_repository_one_line_says_what_brings_it(tmp_path):
    scripts = toy.Scripts("scldm", toy.OURS, tmp_path, toy.published("scldm") | {"repository": None})
    toy.write(tmp_path)
    process = scripts.start("train", "model", 0, {}, "--train", str(tmp_path / "train.h5ad"))
    said = process.communicate()[1]
    assert process.returncode == 1 and said.count("\n") == 1
    assert "'repository' is None" in said and f"git -C scldm checkout {model.COMMIT}" in said
    assert not (tmp_path / "model").exists()


def test_the_page_brings_the_commit_that_the_script_is_held_to():
    clone = toy.about("scldm")["options"]["repository"]["clone"]
    assert clone["commit"] == model.COMMIT and f"git clone {clone['url']} " in model.HOW


def test_a_clone_at_another_commit_is_refused(tmp_path):
    for name in model.MODULES:
        path = tmp_path / "src" / "scldm" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    options = replace(model.Options(**toy.published("scldm")), repository=str(tmp_path))
    with pytest.raises(Mistake, match=f"not at commit {model.COMMIT}"):
        model.repository(options)


@pytest.mark.parametrize(("rate", "halfway"), [(model.vae_rate, 1.0), (model.prior_rate, 0.1 + 0.9 * 0.5)])
def test_the_learning_rate_warms_up_and_ends_at_a_tenth(rate, halfway):
    factors = [rate(step, 1000) for step in range(1000)]
    assert factors[0] == pytest.approx(0.01) and max(factors) == pytest.approx(1.0)
    assert factors[100] == pytest.approx(1.0) and factors[550] == pytest.approx(halfway, abs=0.01)
    assert factors[-1] == pytest.approx(0.1, abs=0.01)
    assert (np.diff(factors[:101]) > 0).all() and (np.diff(factors[100:]) <= 0).all()


@pytest.mark.parametrize("rate", [model.vae_rate, model.prior_rate])
def test_the_learning_rate_is_there_for_the_shortest_training(rate):
    assert all(0 < rate(step, steps) <= 1 for steps in (1, 5, 12) for step in range(steps))


@pytest.fixture(scope="module")
def scripts(python_of, tmp_path_factory) -> toy.Scripts:
    if PLACE is None or not Path(PLACE).is_dir():
        pytest.skip(f"scLDM's repository is not here: SCLDM_REPOSITORY is {PLACE!r}")
    folder = tmp_path_factory.mktemp("scldm")
    toy.write(folder)
    made = toy.Scripts("scldm", python_of("scldm"), folder, toy.published("scldm") | SMALL)
    made.train()
    return made


@pytest.mark.foreign
def test_cells_are_whole_counts_in_the_order_of_the_query_and_the_seed_decides_them(scripts):
    one, again, other = (scripts.predict(seed=seed) for seed in (3, 3, 4))
    query = toy.query_cells()
    assert list(one.var_names) == toy.GENES and one.uns["space"] == "counts"
    assert list(one.obs["perturbation"]) == list(query.obs["perturbation"])
    assert (np.floor(one.X) == one.X).all() and one.X.min() == 0
    assert (one.X == again.X).all() and (one.X != other.X).mean() > 0.1
    total = np.asarray(query.X.sum(axis=1)).ravel()
    assert np.corrcoef(one.X.sum(axis=1), total)[0, 1] > 0.8


@pytest.mark.foreign
def test_the_effect_of_a_held_out_combination_has_the_right_sign(scripts):
    shift = predicted_shift(scripts.predict("effect.h5ad"))
    assert (shift[toy.RAISED] > 0).all() and (shift[toy.LOWERED] < 0).all()
    true = np.log(toy.profile(*toy.HELD_OUT) / toy.profile(toy.HELD_OUT[0], "ctrl"))
    assert np.corrcoef(shift, true)[0, 1] > 0.7
