import copy

import pandas as pd
import pytest
import yaml

from expressionvae.paper.tables.settings import settings
from expressionvae.paper.tables.settings_table import load


@pytest.fixture(scope="module")
def config(repository) -> dict:
    return yaml.safe_load((repository / "config" / "config.yaml").read_text())


@pytest.fixture(scope="module")
def printed(repository) -> pd.DataFrame:
    return load(sorted((repository / "resources" / "published" / "settings").glob("*.csv")))


def verdicts(item: str, config: dict, printed: pd.DataFrame) -> dict[str, str]:
    table = settings(item, config, printed)
    return {line["setting"]: line["same"] for line in table.to_dict("records") if line["paper"]}


def test_the_config_is_the_papers_in_all_but_the_gene_embedding(config, printed):
    assert [name for name, same in verdicts("table2", config, printed).items() if same == "no"] == [
        "Gene input embedding"
    ]
    assert set(verdicts("table3", config, printed).values()) == {"yes"}


@pytest.mark.parametrize("item,count", [("table2", 12), ("table3", 16)])
def test_every_setting_of_the_paper_has_its_row_in_the_papers_order(item, count, config, printed):
    table = settings(item, config, printed)
    theirs = printed.loc[printed["item"] == item]
    assert len(theirs) == count
    assert (
        table[["setting", "paper"]].head(count).to_numpy().tolist() == theirs[["setting", "value"]].to_numpy().tolist()
    )
    assert (table["key"].head(count) != "").all()


@pytest.mark.parametrize(
    "item,keys,value,setting",
    [
        ("table2", ("vae", "training", "learning_rate"), 0.0007, "Learning rate"),
        ("table2", ("bottlenecks", "fsq", "levels"), [8, 8, 4, 4], "FSQ codebook size K"),
        ("table2", ("bottlenecks", "gaussian", "beta"), 1e-6, "Gaussian-latent variant: beta_KL"),
        ("table3", ("priors", "mdlm", "steps"), 32, "MDLM: inference denoising steps"),
        ("table3", ("prior", "model", "width"), 48, "Model dimension d_model"),
    ],
)
def test_another_value_disagrees(item, keys, value, setting, config, printed):
    changed = copy.deepcopy(config)
    place = changed
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    before, after = verdicts(item, config, printed), verdicts(item, changed, printed)
    assert {name for name in before if before[name] != after[name]} == {setting}


def test_a_whole_number_that_the_paper_prints_with_a_point_agrees(config, printed):
    changed = copy.deepcopy(config)
    changed["prior"]["training"]["clip"] = 1
    assert verdicts("table3", changed, printed)["Gradient clipping (max-norm)"] == "yes"


def test_the_entry_called_as_its_kind_stands_for_it_whatever_the_order(config, printed):
    changed = copy.deepcopy(config)
    changed["priors"] = {"mdlm-1": {"kind": "mdlm", "steps": 1, "t_eps": 0.1}} | changed["priors"]
    assert verdicts("table3", changed, printed)["MDLM: inference denoising steps"] == "yes"


def test_a_config_without_gaussian_latents_has_none(config, printed):
    changed = copy.deepcopy(config)
    del changed["bottlenecks"]["gaussian"]
    line = settings("table2", changed, printed).set_index("setting").loc["Gaussian-latent variant: beta_KL"]
    assert line[["value", "same", "key"]].tolist() == ["none", "no", ""]


def test_what_the_paper_leaves_out_follows_without_a_verdict(config, printed):
    table = settings("table2", config, printed).set_index("setting")
    assert table.loc["vae.training.weight_decay", ["value", "paper", "same"]].tolist() == ["1 x 10^-3", "", ""]
    assert table.loc["bottlenecks.fsq.levels", "value"] == "8, 8, 8"
    keys = [key for key in table["key"] if key.startswith("vae.")]
    assert len(set(keys)) == len(keys) == len(config["vae"]["model"]) + len(config["vae"]["training"])
