import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy

import pytest
import torch
import yaml

from expressionvae import catalogue
from expressionvae.catalogue.baselines import BASELINES
from expressionvae.catalogue.heads import ANCHORED, HEADS, MEAN_OF_DRAWS, SAMPLE
from expressionvae.catalogue.metric_card import SUBJECTS
from expressionvae.catalogue.metrics import METRICS, on
from expressionvae.catalogue.priors import GAUSSIAN, PRIORS, TRUE_CODES
from expressionvae.config import check_form
from expressionvae.files import UserError
from expressionvae.metrics.measures import require_callable
from expressionvae.priors.base import Prior
from expressionvae.priors.build import Blueprint, build
from expressionvae.vae.heads.base import Head
from tests import options
from tests.conftest import REPOSITORY
from tests.priors.test_build import SIZE

CONFIG = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
PUBLISHED = REPOSITORY / "resources" / "published"


def named(key: str, card: str, path: str):
    """The class or function that a card names."""
    try:
        return catalogue.load(path)
    except (ImportError, AttributeError, ValueError) as error:
        pytest.fail(f"the card of {card} has the {key} {path!r}, which is not there: {error}")


def agree(card: str, made: type, of_card: set[str], build: Callable[[], object]) -> None:
    """That a class takes the options of its card, and is built with these and the shapes of what it is part of."""
    taken = inspect.signature(made).parameters
    assert of_card <= taken.keys(), f"{card}: its class takes no {sorted(of_card - taken.keys())}, options of its card"
    defaults = [name for name, entry in taken.items() if entry.default is not inspect.Parameter.empty]
    assert not defaults, f"{card}: its class has defaults of {defaults}, whose values are the config's business"
    try:
        build()
    except TypeError as error:
        pytest.fail(f"{card} is not built with the options {sorted(of_card)} of its card: {error}")


@pytest.mark.parametrize("name", HEADS)
def test_a_head_s_card_agrees_with_its_class(name):
    card, made = HEADS[name], named("class_path", f"head {name!r}", HEADS[name].class_path)
    assert issubclass(made, Head)
    assert made.rules == card.rules, f"head {name!r}: rules of its class and of its card"
    bins = {"lower": [0, 1, 4], "means": [0.0, 1.5, 9.0]}
    agree(f"head {name!r}", made, {*card.options}, lambda: made.build(8, 5, bins, options.of_head(name)))


@pytest.mark.parametrize("name", PRIORS)
def test_a_prior_s_card_agrees_with_its_class(name):
    card, made = PRIORS[name], named("class_path", f"prior {name!r}", PRIORS[name].class_path)
    assert issubclass(made, Prior)
    assert made.bottleneck == card.bottleneck, f"prior {name!r}: bottleneck of its class and of its card"
    codes, channels = (0, 3) if card.bottleneck == GAUSSIAN else (8, 0)
    blueprint = Blueprint(["a", "ctrl"], ["T"], "ctrl", 2, 5, codes, channels, SIZE, options.of_prior(name))
    moments = torch.zeros(channels), torch.ones(channels)
    trained = {*card.options} - {*card.sampling}
    agree(f"training of prior {name!r}", made, trained, lambda: build(blueprint, torch.zeros(2, 2), *moments))
    drawn = set(inspect.signature(made.sample).parameters) - {"self", "condition", "generator"}
    assert drawn == {*card.sampling}, f"prior {name!r}: arguments of `sample`, and what its card calls `sampling`"
    assert drawn <= {*card.options}, f"prior {name!r}: its card has no options {sorted(drawn - {*card.options})}"


def test_config_yaml_has_no_head_and_no_kind_of_prior_without_a_card():
    assert CONFIG["heads"].keys() <= HEADS.keys()
    assert {entry["kind"] for entry in CONFIG["priors"].values() if "kind" in entry} <= {*PRIORS, TRUE_CODES}


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_s_measure_can_be_called_with_what_its_subject_has(name):
    measure, subject = named("measure", f"metric {name!r}", METRICS[name].measure), METRICS[name].subject
    compared, _, settings = re.findall(r"\((.*?)\)", SUBJECTS[subject])[0].partition(", *, ")
    given = [object()] * len(compared.split(", ")), dict.fromkeys(filter(None, settings.split(", ")))
    require_callable(METRICS[name].measure, measure, *given)


@pytest.mark.parametrize("path", ["expressionvae.vae.heads.nb.NegativeBinomail", "expressionvae.vae.haeds.nb.X", "nb"])
def test_a_path_that_leads_nowhere_is_told_with_the_card(path):
    with pytest.raises(pytest.fail.Exception, match=f"the card of head 'mine' has the class_path '{path}', which is"):
        named("class_path", "head 'mine'", path)


def test_every_metric_is_measured_on_one_subject():
    assert sorted(METRICS) == sorted(name for subject in SUBJECTS for name in on(subject))


@pytest.mark.parametrize("card", HEADS.values(), ids=HEADS)
def test_a_head_that_draws_can_be_averaged_over_draws(card):
    assert (MEAN_OF_DRAWS in card.predicts) == (SAMPLE in card.rules)


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
