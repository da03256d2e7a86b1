from copy import deepcopy

import pytest
import yaml

from expressionvae import grid
from expressionvae.files import UserError
from tests.conftest import REPOSITORY


@pytest.fixture
def config() -> dict:
    """The paper's own."""
    return deepcopy(yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text()))


def test_the_paper_makes_sense(config):
    grid.check(config)


def test_figure_2_is_two_screens_two_priors_five_decoders_four_seeds(config):
    assert len(grid.item_runs(config, "figure2")) == 2 * 2 * 5 * 4


def test_runs_that_two_items_share_are_one(config):
    config["items"] = ["table1", "figure2"]
    runs = grid.all_runs(config)
    models, baselines = [run for run in runs if not run.baseline], [run for run in runs if run.baseline]
    assert len(models) == len(grid.item_runs(config, "figure2"))  # Table 1 asks for no further model
    assert len(baselines) == 2 * 3 * 4


def test_every_item_asks_for_runs_that_can_be_named_or_for_none(config):
    without = {item for item in config["items"] if not grid.item_runs(config, item)}
    assert without == {"table2", "table3", "figure1", "figure3", "claims"}


def test_tables_5_to_8_are_table_9_by_screen_and_metric(config):
    whole = {run.folder for run in grid.item_runs(config, "table9")}
    halves = [{run.folder for run in grid.item_runs(config, item)} for item in ("table5", "table6")]
    assert halves[0] | halves[1] == whole and not halves[0] & halves[1]
    assert halves == [{run.folder for run in grid.item_runs(config, item)} for item in ("table7", "table8")]


def test_both_rules_of_the_nb_head_share_all_trained_weights(config):
    runs = [run for run in grid.all_runs(config) if run.decoder in ("nb-sample", "nb-deter")]
    by_decoder = {d: {run.trainings for run in runs if run.decoder == d} for d in ("nb-sample", "nb-deter")}
    assert by_decoder["nb-sample"] == by_decoder["nb-deter"]


def test_the_paper_trains_19_vaes_and_30_priors(config):
    trainings = {folder for run in grid.all_runs(config) for folder in run.trainings}
    vaes = {folder for folder in trainings if folder.count("/") == 4}
    # 2 screens x 2 bottlenecks x 4 heads, and 3 further codebooks; on each its priors: AR and MDLM, or flow.
    assert (len(vaes), len(trainings - vaes)) == (2 * 2 * 4 + 3, 2 * 4 * (2 + 1) + 3 * 2)


def test_figure_2_needs_8_vaes_and_16_priors(config):
    trainings = {folder for run in grid.item_runs(config, "figure2") for folder in run.trainings}
    vaes = {folder for folder in trainings if folder.count("/") == 4}
    assert (len(vaes), len(trainings - vaes)) == (8, 16)


def test_fewer_denoising_steps_sample_with_the_weights_of_the_same_training(config):
    trained = {run.prior: run.trainings for run in grid.item_runs(config, "mdlm-steps") if run.decoder == "ce-quant"}
    assert trained["mdlm-1"] == trained["mdlm-32"] == trained["mdlm"]
    folders = {run.folder.split("/")[-2] for run in grid.item_runs(config, "mdlm-steps")}
    assert folders == {"mdlm-1-0", "mdlm-32-0", "mdlm-0"}


def test_steps_belong_to_sampling_and_not_to_training(config):
    assert grid.options(config, "mdlm", sampling=False) == {"kind": "mdlm", "t_eps": 0.005, "time_scale": 1000.0}
    assert grid.options(config, "mdlm-1", sampling=True) == {"steps": 1}


def test_true_codes_need_a_vae_and_no_prior(config):
    assert {len(run.trainings) for run in grid.item_runs(config, "reconstruction")} == {1}


def test_weights_of_an_unknown_prior_are_refused(config):
    config["priors"]["mdlm-1"]["weights"] = "mdml"
    with pytest.raises(UserError, match=r"priors.mdlm-1.weights: unknown 'mdml'.*'mdlm'"):
        grid.check(config)


def test_an_unknown_item_is_refused(config):
    config["items"] = ["table1", "figure22"]
    with pytest.raises(UserError, match="items: unknown 'figure22'.*'figure2'"):
        grid.check(config)


def test_a_path_tells_every_decision():
    run = grid.Run("kang", "", "fsq", "nb", 1, "ar", 2, "nb-sample", "sample", 3)
    assert run.folder == "results/kang/fsq/nb/vae-1/ar-2/sample-3"
    assert grid.Run("kang", baseline="control", sample_seed=4).folder == "results/kang/baselines/control-4"


def test_a_misspelled_decoder_is_named_with_what_was_meant(config):
    config["paper"]["figure2"]["runs"][0]["decoder"] = ["nb-samples"]
    with pytest.raises(UserError, match=r"paper.figure2.runs\[0\].decoder: unknown 'nb-samples'.*'nb-sample'\?"):
        grid.check(config)


def test_flow_on_codes_is_refused_with_the_bottlenecks_that_fit(config):
    config["paper"]["table1"]["runs"][0]["prior"] = ["flow"]
    with pytest.raises(UserError, match="'flow' cannot model bottleneck 'fsq'.*'gaussian': gaussian"):
        grid.check(config)


def test_codes_priors_on_gaussian_latents_are_refused(config):
    config["paper"]["table1"]["runs"][0]["bottleneck"] = ["gaussian"]
    with pytest.raises(UserError, match="'ar' cannot model bottleneck 'gaussian'"):
        grid.check(config)


def test_a_rule_that_the_head_lacks_is_refused(config):
    config["decoders"]["mse"]["predict"] = "sample"
    with pytest.raises(UserError, match=r"decoders.mse.predict: unknown 'sample' for head 'mse' \(allowed: mean\)"):
        grid.check(config)


def test_only_a_head_with_a_library_can_be_told_the_true_one(config):
    config["decoders"]["hurdle"]["predict"] = "sample-true-library"
    with pytest.raises(UserError, match="heads that take a library"):
        grid.check(config)


def test_an_unknown_screen_is_refused(config):
    config["screens"] = ["replogel"]
    with pytest.raises(UserError, match="screens: unknown 'replogel'.*'replogle'"):
        grid.check(config)


def test_a_width_that_heads_do_not_divide_is_refused(config):
    config["vae"]["model"]["width"] = 250
    with pytest.raises(UserError, match=r"vae.model.width: 250 is not a multiple of vae.model.heads, 8"):
        grid.check(config)


def test_devices_that_do_not_divide_the_batch_are_refused(config):
    config["prior"]["devices"] = 3
    with pytest.raises(UserError, match=r"prior.devices: 3 devices .* prior.training.batch_size, 128 cells"):
        grid.check(config)


def test_figure_3_is_two_screens_two_bottlenecks_four_heads(config):
    encoders = grid.reversion_encoders(config)
    assert len(set(encoders)) == 2 * 2 * 4
    assert encoders[0].folder == "results/replogle/fsq/ce/vae-0"


def test_figure_3_trains_only_what_no_other_figure_does(config):
    trained = {folder for run in grid.all_runs(config) for folder in run.trainings}
    alone = {encoder for encoder in grid.reversion_encoders(config) if encoder.folder not in trained}
    assert {encoder.bottleneck for encoder in alone} <= {"gaussian"}


def test_a_figure_3_of_no_screen_asks_for_nothing(config):
    config["paper"]["figure3"]["screens"] = []
    assert grid.reversion_encoders(config) == [] and grid.reversion_datasets(config) == []
    config["items"].remove("figure3")
    del config["paper"]["figure3"]
    assert grid.reversion_encoders(config) == []
    grid.check(config)


@pytest.mark.parametrize(
    ("key", "value"), [("screens", "wong"), ("bottleneck", "fqs"), ("head", "hurdel"), ("dataset", "parse")]
)
def test_what_figure_3_cannot_know_is_named(config, key, value):
    config["paper"]["figure3"][key] = [value]
    with pytest.raises(UserError, match=f"paper.figure3.{key}: unknown '{value}' .*did you mean"):
        grid.check(config)


def test_a_made_up_reversion_screen_is_like_a_made_up_dataset(config):
    config["reversion"]["screens"]["x"] = {"kind": "made-up", "like": "replogle"}
    with pytest.raises(UserError, match="reversion.screens.x.like: unknown 'replogle' as a made-up dataset"):
        grid.check(config)
