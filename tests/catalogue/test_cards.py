import inspect
import subprocess
import sys
from copy import deepcopy

import pytest
import yaml

from expressionvae import catalogue
from expressionvae.catalogue.baselines import BASELINES
from expressionvae.catalogue.heads import ANCHORED, HEADS, MEAN_OF_DRAWS
from expressionvae.catalogue.metric_card import SUBJECTS
from expressionvae.catalogue.metrics import METRICS, on
from expressionvae.catalogue.priors import PRIORS
from expressionvae.config import check_form
from expressionvae.files import UserError
from expressionvae.vae.heads.base import Head
from tests.conftest import REPOSITORY

CONFIG = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
PUBLISHED = REPOSITORY / "resources" / "published"


SHAPES = {"width", "genes", "lower", "means", "trunk", "tokens", "codes", "mean", "std"}


def options_of(made) -> set[str]:
    """The keyword arguments of a class that are no shapes: what its entry in the config gives."""
    return {name for name, entry in inspect.signature(made).parameters.items() if name not in SHAPES}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_s_card_agrees_with_its_class(name):
    card, made = HEADS[name], catalogue.load(HEADS[name].class_path)
    assert issubclass(made, Head) and made.rules == card.rules
    assert options_of(made) == set(card.options) == set(CONFIG["heads"][name])


@pytest.mark.parametrize("name", PRIORS)
def test_a_prior_s_card_agrees_with_its_class(name):
    card, made = PRIORS[name], catalogue.load(PRIORS[name].class_path)
    assert made.bottleneck == card.bottleneck
    assert options_of(made) == set(card.options) - set(card.sampling)
    drawn = set(inspect.signature(made.sample).parameters) - {"self", "condition", "generator"}
    assert drawn == set(card.sampling)
    assert {"kind", *card.options} == set(CONFIG["priors"][name])


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_s_measure_is_there(name):
    assert callable(catalogue.load(METRICS[name].measure)) and METRICS[name].subject in SUBJECTS


def test_every_metric_is_measured_on_one_subject():
    assert sorted(METRICS) == sorted(name for subject in SUBJECTS for name in on(subject))


def test_a_head_that_draws_can_be_averaged_over_draws():
    assert {name for name, card in HEADS.items() if MEAN_OF_DRAWS in card.predicts} == {"ce", "nb", "hurdle"}


def test_every_head_s_cells_can_be_anchored_on_controls():
    assert all(ANCHORED in card.predicts and card.base(ANCHORED) == card.rules[0] for card in HEADS.values())


def test_cards_are_read_without_loading_a_model():
    code = "import sys; from expressionvae import grid, sense; print({'torch', 'numpy', 'pandas'} & {*sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_the_published_numbers_are_about_known_baselines():
    lines = (PUBLISHED / "table1.csv").read_text().splitlines()
    column = lines[0].split(",").index("model")
    models = {line.split(",")[column] for line in lines[1:]}
    assert models - {*PRIORS} <= {*BASELINES}


def test_a_card_s_options_are_checked():
    config = deepcopy(CONFIG)
    config["heads"]["nb"]["pace"] = 0.0
    del config["priors"]["mdlm"]["t_eps"]
    with pytest.raises(UserError) as error:
        check_form(config, REPOSITORY / "config" / "schema.yaml")
    assert "heads.nb.pace: 0.0" in str(error.value)
    assert "priors.mdlm: key 't_eps' is missing (smallest" in str(error.value)
