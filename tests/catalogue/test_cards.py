import inspect
import re
import subprocess
import sys
from copy import deepcopy

import pytest
import yaml

from expressionvae import catalogue
from expressionvae.catalogue.baselines import BASELINES
from expressionvae.catalogue.heads import ANCHORED, HEADS, MEAN_OF_DRAWS, SAMPLE
from expressionvae.catalogue.metric_card import SUBJECTS
from expressionvae.catalogue.metrics import METRICS, on
from expressionvae.catalogue.priors import PRIORS, TRUE_CODES
from expressionvae.config import check_form
from expressionvae.files import UserError
from expressionvae.metrics.measures import require_callable
from expressionvae.priors.base import Prior
from expressionvae.vae.heads.base import Head
from tests.conftest import REPOSITORY

CONFIG = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
PUBLISHED = REPOSITORY / "resources" / "published"


SHAPES = {"width", "genes", "lower", "means", "trunk", "tokens", "codes", "mean", "std"}


def options_of(made) -> set[str]:
    """The keyword arguments of a class that are no shapes: what its entry in the config gives."""
    return {name for name, entry in inspect.signature(made).parameters.items() if name not in SHAPES}


def named(key: str, card: str, path: str):
    """The class or function that a card names."""
    try:
        return catalogue.load(path)
    except (ImportError, AttributeError, ValueError) as error:
        pytest.fail(f"the card of {card} has the {key} {path!r}, which is not there: {error}")


def agree(card: str, of_class: set[str], of_card: set[str]) -> None:
    assert of_class == of_card, (
        f"{card}: its class takes {sorted(of_class)}, its card has the options {sorted(of_card)}"
    )


@pytest.mark.parametrize("name", HEADS)
def test_a_head_s_card_agrees_with_its_class(name):
    card, made = HEADS[name], named("class_path", f"head {name!r}", HEADS[name].class_path)
    assert issubclass(made, Head) and made.rules == card.rules
    agree(f"head {name!r}", options_of(made), {*card.options})


@pytest.mark.parametrize("name", PRIORS)
def test_a_prior_s_card_agrees_with_its_class(name):
    card, made = PRIORS[name], named("class_path", f"prior {name!r}", PRIORS[name].class_path)
    assert issubclass(made, Prior) and made.bottleneck == card.bottleneck
    assert {*card.sampling} <= {*card.options}
    agree(f"training of prior {name!r}", options_of(made), {*card.options} - {*card.sampling})
    drawn = set(inspect.signature(made.sample).parameters) - {"self", "condition", "generator"}
    agree(f"sampling of prior {name!r}", drawn, {*card.sampling})


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
