from copy import deepcopy

import pytest
import yaml

from expressionvae import encoders, sense
from expressionvae.files import UserError
from tests.conftest import REPOSITORY


@pytest.fixture
def config() -> dict:
    """The paper's own."""
    return deepcopy(yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text()))


def test_the_paper_makes_sense(config):
    sense.check(config)


def test_weights_of_an_unknown_prior_are_refused(config):
    config["priors"]["mdlm-1"]["weights"] = "mdml"
    with pytest.raises(UserError, match=r"priors.mdlm-1.weights: unknown 'mdml'.*'mdlm'"):
        sense.check(config)


def test_an_unknown_item_is_refused(config):
    config["items"] = ["table1", "figure22"]
    with pytest.raises(UserError, match="items: unknown 'figure22'.*'figure2'"):
        sense.check(config)


def test_a_misspelled_decoder_is_named_with_what_was_meant(config):
    config["paper"]["figure2"]["runs"][0]["decoder"] = ["nb-samples"]
    with pytest.raises(UserError, match=r"paper.figure2.runs\[0\].decoder: unknown 'nb-samples'.*'nb-sample'\?"):
        sense.check(config)


def test_flow_on_codes_is_refused_with_the_bottlenecks_that_fit(config):
    config["paper"]["table1"]["runs"][0]["prior"] = ["flow"]
    with pytest.raises(UserError, match="'flow' cannot model bottleneck 'fsq'.*'gaussian': gaussian"):
        sense.check(config)


def test_codes_priors_on_gaussian_latents_are_refused(config):
    config["paper"]["table1"]["runs"][0]["bottleneck"] = ["gaussian"]
    with pytest.raises(UserError, match="'ar' cannot model bottleneck 'gaussian'"):
        sense.check(config)


def test_a_rule_that_the_head_lacks_is_refused(config):
    config["decoders"]["mse"]["predict"] = "sample"
    with pytest.raises(
        UserError, match=r"decoders.mse.predict: unknown 'sample' for head 'mse' \(allowed: mean, anchored"
    ):
        sense.check(config)


def test_only_a_head_with_a_library_can_be_told_the_true_one(config):
    config["decoders"]["hurdle"]["library_size"] = "true-cell"
    with pytest.raises(UserError, match="decoders.hurdle.library_size: head 'hurdle' takes no library size; only nb"):
        sense.check(config)


def test_an_unknown_screen_is_refused(config):
    config["screens"] = ["replogel"]
    with pytest.raises(UserError, match="screens: unknown 'replogel'.*'replogle'"):
        sense.check(config)


def test_a_width_that_heads_do_not_divide_is_refused(config):
    config["vae"]["model"]["width"] = 250
    with pytest.raises(UserError, match=r"vae.model.width: 250 is not a multiple of vae.model.heads, 8"):
        sense.check(config)


def test_devices_that_do_not_divide_the_batch_are_refused(config):
    config["prior"]["devices"] = 3
    with pytest.raises(UserError, match=r"prior.devices: 3 devices .* prior.training.batch_size, 128 cells"):
        sense.check(config)


def test_a_figure_3_of_no_screen_asks_for_nothing(config):
    config["paper"]["figure3"]["screens"] = []
    assert encoders.encoders(config) == [] and encoders.datasets(config) == []
    config["items"].remove("figure3")
    del config["paper"]["figure3"]
    assert encoders.encoders(config) == []
    sense.check(config)


@pytest.mark.parametrize(
    ("key", "value"), [("screens", "wong"), ("bottleneck", "fqs"), ("head", "hurdel"), ("dataset", "parse")]
)
def test_what_figure_3_cannot_know_is_named(config, key, value):
    config["paper"]["figure3"][key] = [value]
    with pytest.raises(UserError, match=f"paper.figure3.{key}: unknown '{value}' .*did you mean"):
        sense.check(config)


def test_a_made_up_reversion_screen_is_like_a_made_up_dataset(config):
    config["reversion"]["screens"]["x"] = {"kind": "made-up", "like": "replogle"}
    with pytest.raises(UserError, match="reversion.screens.x.like: unknown 'replogle' as a made-up dataset"):
        sense.check(config)
