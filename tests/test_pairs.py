from copy import deepcopy

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from expressionvae import pairs, sense
from expressionvae.files import UserError
from tests.conftest import REPOSITORY

CONFIG = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
PAIR = {"cell_type": "B", "perturbation": "stim", "cells": 5}


def asking(given, **entry) -> dict:
    config = deepcopy(CONFIG)
    config["predict"]["datasets"] = {"parse1m": {"pairs": given, **entry}}
    return config


def test_pairs_of_a_csv_are_those_of_a_list(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("cells,cell_type,perturbation,note\n5,B,stim,x\n7,NK,stim,\n")
    (first, second) = pairs.read(asking(str(path)))["parse1m"]
    assert (first.cell_type, first.perturbation, first.cells) == ("B", "stim", 5)
    assert second.cells == 7 and second.where == f"{path}, line 3"
    assert first.folder == pairs.read(asking([PAIR]))["parse1m"][0].folder == "results/parse1m/predictions/B/stim"


BAD = {
    "cell_type,cells\nB,5\n": "column 'perturbation' is missing",
    "cell_type,perturbation,cells\n": "no pair",
    "cell_type,perturbation,cells\nB,stim,many\n": "line 2: cells is 'many', expected a whole number",
    "cell_type,perturbation,cells\nB,stim,1\n": "line 2: cells is '1'",
    "cell_type,perturbation,cells\nB,,5\n": "line 2: cell_type or perturbation is empty",
    "cell_type,perturbation,cells\nB,stim,5\nB,stim,6\n": "line 3: 'stim' in 'B' is asked at",
}


@pytest.mark.parametrize("text", BAD)
def test_a_bad_csv_is_refused_by_its_line(tmp_path, text):
    path = tmp_path / "pairs.csv"
    path.write_text(text)
    with pytest.raises(UserError) as error:
        pairs.read(asking(str(path)))
    assert BAD[text] in str(error.value) and str(path) in str(error.value)


def test_a_csv_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"no\.csv: cannot be read: No such file"):
        pairs.read(asking(str(tmp_path / "no.csv")))


@given(st.text(min_size=1), st.text(min_size=1))
def test_labels_have_folders_of_their_own(one, other):
    names = pairs.named(one), pairs.named(other)
    assert (names[0] == names[1]) == (one == other)
    assert not {"/", "{", "}", " ", "\n"} & set("".join(names)) and all(name[0] not in ".-" for name in names)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"datasets": {"pares1m": {"pairs": [PAIR]}}}, "did you mean 'parse1m'?"),
        ({"runs": [{"bottleneck": ["fsq"], "prior": ["true-codes"], "decoder": ["mse"]}]}, "without true cells"),
        ({"runs": [{"bottleneck": ["fsq"], "prior": ["flow"], "decoder": ["mse"]}]}, "cannot model bottleneck 'fsq'"),
        ({"datasets": {"parse1m": {"pairs": [PAIR], "weights": "a/{b}"}}}, "takes for a wildcard"),
    ],
)
def test_a_section_without_sense_is_refused(change, said):
    with pytest.raises(UserError) as error:
        sense.check({**CONFIG, "predict": CONFIG["predict"] | change})
    assert said in str(error.value)


def test_a_dataset_that_becomes_several_is_refused():
    config = asking([PAIR])
    config["datasets"]["parse1m"]["heldout"] = {"each": ["B", "T"], "perturbations": ["x"]}
    with pytest.raises(UserError, match="predict.datasets.parse1m: its heldout has `each`"):
        sense._check_predict(config)


def test_weights_that_are_not_there_are_refused_by_the_file(tmp_path):
    with pytest.raises(UserError, match="predict.datasets.parse1m.weights: .* has no fsq/hurdle/vae-0/vae.pt"):
        pairs.require_weights(asking([PAIR], weights=str(tmp_path)))


def test_weights_are_those_of_the_runs_or_of_the_folder(tmp_path):
    one = pairs.predictors(CONFIG)[0]
    assert pairs.trainings(asking([PAIR]), "parse1m", one)[0]["prior"] == (
        "results/parse1m/fsq/hurdle/vae-0/ar-0/prior.pt"
    )
    assert pairs.trainings(asking([PAIR], weights="w"), "parse1m", one)[0]["vae"] == "w/fsq/hurdle/vae-0/vae.pt"
