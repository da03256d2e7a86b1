from copy import deepcopy

import pytest
import yaml

from expressionvae.config import check_form, read_yaml
from expressionvae.files import UserError
from tests.conftest import REPOSITORY

SCHEMA = REPOSITORY / "config" / "schema.yaml"
OVERLAYS = sorted({*(REPOSITORY / "config").rglob("*.yaml")} - {SCHEMA})


def merged(config: dict, overlay: dict) -> dict:
    """As Snakemake merges config files: mappings key by key, anything else replaced."""
    result = dict(config)
    for key, value in overlay.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


@pytest.fixture
def config() -> dict:
    return deepcopy(yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text()))


def test_the_paper_has_the_right_form(config):
    check_form(config, SCHEMA)


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.stem)
def test_every_overlay_has_the_right_form(config, overlay):
    check_form(merged(config, yaml.safe_load(overlay.read_text())), SCHEMA)


def every_mapping(schema):
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from every_mapping(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from every_mapping(value)


def test_every_key_is_described():
    schema = yaml.safe_load(SCHEMA.read_text())
    undescribed = [
        name
        for mapping in every_mapping({k: v for k, v in schema.items() if k != "$defs"} | schema["$defs"])
        if mapping.get("additionalProperties") is False
        for name, entry in mapping.get("properties", {}).items()
        if "description" not in entry and "description" not in schema["$defs"].get(entry.get("$ref", "")[8:], {})
    ]
    assert not undescribed


def test_a_misspelled_key_is_refused_by_name(config):
    config["replicates"]["trainings"][0]["piror"] = config["replicates"]["trainings"][0].pop("prior")
    with pytest.raises(UserError) as error:
        check_form(config, SCHEMA)
    assert "replicates.trainings.0: unknown key 'piror' (did you mean 'prior'?" in str(error.value)
    assert "replicates.trainings.0: key 'prior' is missing" in str(error.value)


def test_a_missing_key_is_refused_by_name_with_its_meaning(config):
    del config["vae"]["training"]["warmup"]
    with pytest.raises(UserError, match="vae.training: key 'warmup' is missing .steps of linear warm-up"):
        check_form(config, SCHEMA)


def test_an_unknown_kind_is_refused_with_the_allowed_ones(config):
    config["datasets"]["replogle"]["kind"] = "replogel"
    with pytest.raises(UserError, match="datasets.replogle.kind: 'replogel' is not allowed .allowed: made-up, local"):
        check_form(config, SCHEMA)


def test_a_number_in_quotes_is_refused(config):
    config["vae"]["training"]["learning_rate"] = "6e-4"
    with pytest.raises(UserError, match="vae.training.learning_rate: '6e-4' is not of type 'number'"):
        check_form(config, SCHEMA)


def test_an_unknown_metric_is_refused(config):
    config["paper"]["table1"]["columns"] = ["w3"]
    with pytest.raises(UserError, match="paper.table1.columns.0: 'w3' is not allowed .allowed: w2, mmd2"):
        check_form(config, SCHEMA)


TWICE = {
    "a block": ("vae:\n  devices: 2\nprior: {}\nvae:\n  devices: 1\n", "key 'vae' stands twice, in lines 1 and 4"),
    "a key": ("a: {}\nvae:\n  model:\n    width: 1\n    width: 2\n", "key 'vae.model.width' stands twice, in lines 4"),
    "in a list": ("runs:\n  - {prior: [ar], prior: [mdlm]}\n", "key 'runs.0.prior' stands twice, in lines 2 and 2"),
    "once quoted": ('a: 1\n"a": 2\n', "key 'a' stands twice, in lines 1 and 2"),
    "three times": ("a: 1\na: 2\n\na: 3\n", "key 'a' stands twice, in lines 2 and 4"),
    "JSON": ('{"a": 1,\n "b": 2,\n "a": 3}', "key 'a' stands twice, in lines 1 and 3"),
}


@pytest.mark.parametrize("case", TWICE)
def test_a_key_that_stands_twice_is_refused_with_its_lines(tmp_path, case):
    text, message = TWICE[case]
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(UserError, match="x.yaml: ") as error:
        read_yaml(tmp_path / "x.yaml")
    assert message in str(error.value)


def test_what_is_merged_or_stands_in_other_mappings_is_not_twice_there(tmp_path):
    text = "a: &a {x: 1, y: {x: 2}}\nb:\n  <<: *a\n  x: 3\nc: [*a, *a]\n"
    (tmp_path / "x.yaml").write_text(text)
    assert read_yaml(tmp_path / "x.yaml")["b"] == {"x": 3, "y": {"x": 2}}


OURS = [*OVERLAYS, SCHEMA, *sorted((REPOSITORY / "resources").glob("*.yaml"))]


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_our_own_files_are_read_as_any_parser_reads_them(path):
    assert read_yaml(path) == yaml.safe_load(path.read_text())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: [1\n", "no YAML"),
        (b"a:\tb: c\n", "no YAML"),
        (b"\xff\xfe\x00a", "no YAML"),
        (b"a: 2024-13-01\n", "month must be in 1..12"),
        (b"a: !!python/object/apply:os.system [true]\n", "no YAML"),
    ],
)
def test_what_is_no_yaml_is_said_with_the_file(tmp_path, content, words):
    (tmp_path / "x.yaml").write_bytes(content)
    with pytest.raises(UserError, match="x.yaml: ") as error:
        read_yaml(tmp_path / "x.yaml")
    assert words in str(error.value) and "\n" not in str(error.value)


def test_an_absent_file_and_a_folder_are_said(tmp_path):
    for path in (tmp_path / "no.yaml", tmp_path):
        with pytest.raises(UserError, match="cannot be read"):
            read_yaml(path)


def test_an_empty_file_is_nothing(tmp_path):
    (tmp_path / "x.yaml").write_text("# nothing\n")
    assert read_yaml(tmp_path / "x.yaml") is None
