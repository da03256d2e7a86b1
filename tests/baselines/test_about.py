"""What about.yaml says of a baseline is complete, and is what its scripts take."""

import ast

import pytest

from expressionvae.catalogue.baselines import BASELINES, SEEDLESS
from tests.baselines import toy

NAMES = sorted(path.parent.name for path in toy.BASELINES.glob("*/about.yaml"))
KEYS = ["label", "authors", "paper", "licence", "source", "conditions_on", "device", "predicts", "emits"]
KEYS += ["environment", "options"]
CONDITIONS = {"perturbation-learned", "perturbation-embedding", "cell-type", "control-cell"}
TYPES = {"int": int, "float": (int, float), "str": str, "bool": bool, "str | None": (str, type(None))}


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_a_baseline_has_every_key_with_a_value_that_may_be(name):
    about = toy.about(name)
    assert sorted(about) == sorted(KEYS)
    assert set(about["conditions_on"]) <= CONDITIONS and about["conditions_on"]
    assert about["device"] in ("cpu", "gpu")
    assert about["predicts"] in ("counts", "linear", "log1p")
    assert about["emits"] in ("mean", "sample")
    assert about["paper"]["title"] and (about["paper"].get("doi") or about["paper"].get("url"))


@pytest.mark.parametrize("name", NAMES)
def test_every_option_has_its_value_its_source_and_its_meaning(name):
    for option, entry in toy.about(name)["options"].items():
        assert set(entry) - {"stage", "downloads", "clone", "learned", "same_as"} == {"value", "source", "meaning"}, (
            option
        )
        assert entry.get("stage", "train") in ("train", "predict"), option
        assert all(str(entry[key]).strip() for key in ("source", "meaning")), option


@pytest.mark.parametrize("name", NAMES)
def test_a_baseline_has_both_scripts_and_the_environment_that_it_names(name):
    kind = toy.about(name)["environment"]
    for file in ("train.py", "predict.py"):
        assert (toy.BASELINES / name / file).is_file()
    if kind is not None:
        for file in ("requirements.in", "lock.txt", "environment.yaml"):
            assert (toy.BASELINES / kind / file).is_file()


@pytest.mark.parametrize("name", NAMES)
def test_the_options_on_the_page_are_those_that_the_scripts_take(name):
    tree = ast.parse((toy.BASELINES / name / "model.py").read_text(encoding="utf-8"))
    (options,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Options"]
    fields = [node for node in options.body if isinstance(node, ast.AnnAssign)]
    taken = {ast.unparse(field.target): ast.unparse(field.annotation) for field in fields}
    published = toy.published(name)
    assert list(published) == list(taken)
    for option, kind in taken.items():
        assert isinstance(published[option], TYPES[kind]), option


FOREIGN = [path for path in sorted(toy.BASELINES.rglob("*.py")) if path.parent.name not in SEEDLESS]


@pytest.mark.parametrize("path", FOREIGN, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_script_of_other_authors_imports_the_library(path):
    assert "expressionvae" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SEEDLESS)
def test_what_may_import_the_library_runs_in_the_project_s_own_environment(name):
    assert toy.about(name)["environment"] is None
    assert toy.about(name)["label"] == BASELINES[name].label
