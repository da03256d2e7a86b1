"""One dataset for each cell type of a list."""

from copy import deepcopy

import pytest

from expressionvae.each import expand
from expressionvae.files import UserError

MINE = {"kind": "local", "heldout": {"each": ["B cells", "CD14+ Mono", 7], "perturbations": ["stim"]}}
NAMES = ["mine-b-cells", "mine-cd14-mono", "mine-7"]
CONFIG = {
    "screens": ["mine", "other"],
    "datasets": {"mine": MINE, "other": {"kind": "replogle"}},
    "paper": {
        "table1": {"runs": [{"dataset": ["mine"]}, {"bottleneck": ["fsq"]}], "companion": [{"dataset": ["other"]}]},
        "figure3": {"dataset": ["other", "mine"]},
        "table2": {},
    },
}


def test_each_cell_type_is_a_dataset_wherever_the_config_names_the_screen():
    config = deepcopy(CONFIG)
    expand(config)
    assert list(config["datasets"]) == [*NAMES, "other"] and config["screens"] == [*NAMES, "other"]
    assert config["datasets"]["mine-7"] == {"kind": "local", "heldout": {"cell_type": 7, "perturbations": ["stim"]}}
    table = config["paper"]["table1"]
    assert table["runs"] == [{"dataset": NAMES}, {"bottleneck": ["fsq"]}] and table["companion"] == [
        {"dataset": ["other"]}
    ]
    assert config["paper"]["figure3"]["dataset"] == ["other", *NAMES]
    again = deepcopy(config)
    expand(again)
    assert again == config


@pytest.mark.parametrize(
    ("types", "others", "words"),
    [
        (["B cells", "b-Cells"], {}, "'b-Cells' makes the dataset 'mine-b-cells', as another of them does"),
        (["++"], {}, "can be no name"),
        (["x" * 60], {}, "can be no name"),
        (["B"], {"mine-b": {"kind": "local"}}, "makes the dataset 'mine-b', which is there already"),
    ],
)
def test_names_that_clash_or_can_be_none_are_refused(types, others, words):
    config = deepcopy(CONFIG)
    config["datasets"]["mine"]["heldout"]["each"] = types
    config["datasets"] |= others
    with pytest.raises(UserError) as error:
        expand(config)
    assert words in str(error.value) and "datasets.mine.heldout.each" in str(error.value)
