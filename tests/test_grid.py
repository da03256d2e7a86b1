from copy import deepcopy

import pytest
import yaml

from expressionvae import encoders, grid
from expressionvae.catalogue.heads import HEADS
from tests.conftest import REPOSITORY


@pytest.fixture
def config() -> dict:
    """The paper's own."""
    return deepcopy(yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text()))


def test_figure_2_is_two_screens_two_priors_five_decoders_four_seeds(config):
    assert len(grid.item_runs(config, "figure2")) == 2 * 2 * 5 * 4


def test_runs_that_two_items_share_are_one(config):
    config["items"] = ["table1", "figure2"]
    runs = grid.all_runs(config)
    models, baselines = [run for run in runs if not run.baseline], [run for run in runs if run.baseline]
    beside = grid.companion_runs(config, "table1")
    assert len(models) == len(grid.item_runs(config, "figure2")) + len(beside)  # Table 1 asks for no further model
    assert len(baselines) == 2 * (3 + 9) * 4


@pytest.mark.parametrize("size,predict,other", [("true-cell", "sample-true-library", "sample"),
                                                ("drawn", "sample", "sample-true-library")])  # fmt: skip
def test_one_key_says_which_library_size_stands_in_table_1(config, size, predict, other):
    config["library_size"] = size
    of = {run.predict for run in grid.item_runs(config, "table1") if run.decoder == "nb-sample"}
    beside = {run.predict for run in grid.companion_runs(config, "table1")}
    assert of == {predict} and beside == {other}


def test_a_decoders_own_library_size_goes_before_the_configs(config):
    runs = {run.decoder: run.predict for run in grid.item_runs(config, "library-leak")}
    assert runs == {"nb-sample-drawn": "sample", "nb-sample-told": "sample-true-library"}


def test_the_configs_library_size_is_told_to_decoders_that_state_none(config):
    stating = {name for name, entry in config["decoders"].items() if "library_size" in entry}
    taking = {name for name, entry in config["decoders"].items() if HEADS[entry["head"]].takes_library}
    assert {"nb-sample", "nb-deter"} <= taking - stating
    assert grid.libraries(config) == dict.fromkeys(taking - stating, "true-cell")


def test_heads_without_a_library_have_one_folder_whatever_is_told(config):
    told = {run.decoder: run.predict for run in grid.item_runs(config, "figure2")}
    assert told["ce-quant"] == "sample" and told["mse"] == "mean" and told["nb-deter"] == "mean-true-library"


def test_every_training_has_one_file_of_weights(config):
    files = grid.weight_files(config)
    assert {file.rpartition("/")[0] for _, file in files} >= set(grid.all_runs(config)[0].trainings)
    assert len({file for _, file in files}) == len(files)
    assert all(about["bottleneck"].startswith("fsq") for about, _ in grid.code_tables(config))


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


def test_a_path_tells_every_decision():
    run = grid.Run("kang", "", "fsq", "nb", 1, "ar", 2, "nb-sample", "sample", 3)
    assert run.folder == "results/kang/fsq/nb/vae-1/ar-2/sample-3"
    folder = "results/kang/baselines/control/model-0/sample-4"
    assert grid.Run("kang", baseline="control", sample_seed=4).folder == folder
    floor = grid.Run("kang", baseline="true-vs-true", sample_seed=4)
    assert floor.folder == "results/kang/baselines/true-vs-true-4"


def test_figure_3_is_two_screens_two_bottlenecks_four_heads(config):
    shown = encoders.encoders(config)
    assert len(set(shown)) == 2 * 2 * 4
    assert shown[0].folder == "results/replogle/fsq/ce/vae-0"


def test_figure_3_trains_only_what_no_other_figure_does(config):
    trained = {folder for run in grid.all_runs(config) for folder in run.trainings}
    alone = {encoder for encoder in encoders.encoders(config) if encoder.folder not in trained}
    assert {encoder.bottleneck for encoder in alone} <= {"gaussian"}


def with_own_screen(config: dict, *screens: str) -> dict:
    own = {"kind": "local", "embedding": "learned"}
    return config | {"screens": list(screens), "datasets": config["datasets"] | {"mine": own}}


def test_runs_are_of_the_screens_alone(config):
    config = with_own_screen(config, "mine")
    assert {run.dataset for run in grid.all_runs(config)} == {"mine"} == set(grid.datasets(config))
    assert grid.item_runs(config, "table4") == [] and encoders.encoders(config) == []


def test_items_that_are_not_about_the_screens_are_left_out_and_named(config):
    own, half = with_own_screen(config, "mine"), with_own_screen(config, "mine", "parse1m")
    gone = ["table4", "table5", "table6", "table7", "table8", "figure3"]
    assert set(config["items"]) - set(grid.items(own)) == set(gone)
    assert grid.not_made(own) == (
        f"Left out, because they are not about mine (config key `screens`): {', '.join(gone)}."
    )
    assert set(config["items"]) - set(grid.items(half)) == {"table4", "table6", "table8"}
    assert grid.items(config) == config["items"] and grid.not_made(config) == ""


def test_screens_of_which_nothing_is_held_out_have_no_runs_and_are_named(config):
    whole = with_own_screen(config, "mine")
    whole["datasets"]["mine"] |= {"heldout": None}
    assert (
        grid.all_runs(whole) == []
        and grid.trainings(whole) == []
        and grid.items(whole) == ["table2", "table3", "figure1"]
    )
    nothing, left = grid.not_made(whole).splitlines()
    assert nothing == "Nothing of mine is scored: nothing of it is held out (config key `heldout` is null)."
    assert left.startswith("Left out, because they score predictions: table1, table4") and "claims" in left
    both = whole | {"screens": ["mine", "replogle"]}
    assert {run.dataset for run in grid.all_runs(both)} == {"replogle"} and grid.scored(both) == ["replogle"]
    assert grid.not_made(both).startswith("Nothing of mine is scored")


def test_blocks_about_other_datasets_vanish_from_an_item_that_stays(config):
    config = with_own_screen(config, "mine", "replogle")
    blocks = config["paper"]["table5"]["runs"]
    config["paper"]["table5"] = config["paper"]["table5"] | {"runs": [*blocks, blocks[0] | {"dataset": ["mine"]}]}
    assert {run.dataset for run in grid.item_runs(config, "table5")} == {"mine"}
    assert "table5" in grid.items(config)


def test_claims_go_with_the_last_item_that_they_are_judged_on(config):
    config = with_own_screen(config, "mine") | {"items": ["claims", "table4", "table2"]}
    assert grid.items(config) == ["table2"] and encoders.screens(config) == []
    assert grid.items(config | {"items": ["claims", "table1"]}) == ["claims", "table1"]


def test_the_paper_s_reversion_screen_goes_with_the_paper_s_datasets(config):
    own = with_own_screen(config, "mine")
    assert encoders.screens(own) == [] and encoders.screens(config) == ["wong2026"]
    assert encoders.datasets(with_own_screen(config, "mine", "replogle")) == ["mine", "replogle"]
    own["paper"] = config["paper"] | {"figure3": config["paper"]["figure3"] | {"dataset": ["mine"]}}
    assert encoders.screens(own) == ["wong2026"]  # asked for by name


def test_a_reversion_screen_of_a_lab_goes_with_its_own_datasets(config):
    own = with_own_screen(config, "mine")
    own["reversion"] = {"screens": config["reversion"]["screens"] | {"other": {"kind": "local", "published": False}}}
    own["paper"] = config["paper"] | {"figure3": config["paper"]["figure3"] | {"screens": ["wong2026", "other"]}}
    assert encoders.screens(own) == ["other"] and {e.dataset for e in encoders.encoders(own)} == {"mine"}
    assert "wong2026 in figure3" in grid.not_made(own)


def test_a_baseline_of_other_authors_has_a_folder_a_model_and_a_sample(config):
    config["replicates"] = {"trainings": [{"vae": 3, "prior": 0}, {"vae": 3, "prior": 1}], "samples": [0, 7]}
    config["paper"]["table1"]["runs"] = [{"dataset": ["parse1m"], "baseline": ["scvi", "control"]}]
    assert [run.folder for run in grid.item_runs(config, "table1")] == [
        "results/parse1m/baselines/scvi/model-3/sample-0",
        "results/parse1m/baselines/scvi/model-3/sample-7",
        "results/parse1m/baselines/control/model-0/sample-0",
        "results/parse1m/baselines/control/model-0/sample-7",
    ]
    assert all(run.trainings == () for run in grid.item_runs(config, "table1"))


def test_its_trainings_are_as_many_as_those_of_stage_1(config):
    config["replicates"] = {"trainings": [{"vae": seed, "prior": seed} for seed in (0, 1)], "samples": [0]}
    config["paper"]["table1"]["runs"] = [{"dataset": ["parse1m"], "baseline": ["scvi", "true-vs-true"]}]
    assert [(run.baseline, run.vae_seed) for run in grid.item_runs(config, "table1")] == [
        ("scvi", 0), ("scvi", 1), ("true-vs-true", 0),
    ]  # fmt: skip
