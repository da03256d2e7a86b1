"""What about.yaml says of a baseline is complete, and is what its scripts take."""

import ast

import pytest

from expressionvae import about
from expressionvae.catalogue.baselines import BASELINES, SEEDLESS
from tests.baselines import toy

NAMES = sorted(path.parent.name for path in toy.BASELINES.glob("*/about.yaml"))
TYPES = {"int": int, "float": (int, float), "str": str, "bool": bool, "str | None": (str, type(None))}


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_a_baseline_is_read_and_says_where_it_was_published(name):
    page = about.read(toy.BASELINES, name)
    assert page["conditions_on"] and page["paper"]["title"] and (page["paper"].get("doi") or page["paper"].get("url"))


@pytest.mark.parametrize("name", NAMES)
def test_every_option_has_its_value_its_source_and_its_meaning(name):
    for option, entry in toy.about(name)["options"].items():
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
    scripts = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted((toy.BASELINES / name).glob("*.py"))]
    classes = [node for script in scripts for node in script.body if isinstance(node, ast.ClassDef)]
    classes = [node for node in classes if node.name == "Options"]
    assert len(classes) == 1, f"{len(classes)} scripts of baselines/{name} have a class Options: one should"
    fields = [node for node in classes[0].body if isinstance(node, ast.AnnAssign)]
    taken = {ast.unparse(field.target): ast.unparse(field.annotation) for field in fields}
    published = toy.published(name)
    assert list(published) == list(taken), f"options of baselines/{name}/about.yaml and the fields of its class Options"
    for option, kind in taken.items():
        assert kind in TYPES, f"Options.{option} of baselines/{name} is a {kind}, expected one of {', '.join(TYPES)}"
        assert isinstance(published[option], TYPES[kind]), f"baselines/{name}/about.yaml: options.{option}.value"


def test_the_facts_of_every_baseline_are_tested_at_toy_size_but_those_of_one():
    """scLDM: what it takes is tested in test_scldm.py, for its clone is not always there."""
    for name in {*NAMES} - {"scldm"}:
        assert name in toy.TOY, (
            f"tests/baselines/toy.py: TOY has no line for {name!r}, which says its options at toy size"
        )


OURS = {name for name in NAMES if toy.about(name)["environment"] is None}  # may import the library
FOREIGN = [path for path in sorted(toy.BASELINES.rglob("*.py")) if path.relative_to(toy.BASELINES).parts[0] not in OURS]


@pytest.mark.parametrize("path", FOREIGN, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_script_of_other_authors_imports_the_library(path):
    assert "expressionvae" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SEEDLESS)
def test_what_may_import_the_library_runs_in_the_project_s_own_environment(name):
    assert toy.about(name)["environment"] is None
    assert toy.about(name)["label"] == BASELINES[name].label
