from copy import deepcopy

import pytest
import yaml

from expressionvae.config import check_form, fill_in, unknown_key
from expressionvae.files import UserError
from expressionvae.schema import whole_schema
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


def test_what_a_screen_of_one_s_own_leaves_out_has_the_schema_s_default(config):
    own = yaml.safe_load((REPOSITORY / "config" / "screens" / "kang.yaml").read_text())["datasets"]["kang-cd4t"]
    whole = own | dict.fromkeys(("gene_column", "layer", "library_column", "separator"))
    short = {key: value for key, value in whole.items() if value is not None}
    filled = [merged(config, {"datasets": {"mine": dict(entry)}}) for entry in (whole, short)]
    for one in filled:
        check_form(one, SCHEMA)
        fill_in(one, SCHEMA)
    assert len(short) == len(whole) - 4 and filled[1] == filled[0]


def test_what_the_paper_s_own_screens_must_say_has_no_default(config):
    before = deepcopy(config)
    fill_in(config, SCHEMA)
    assert config == before


def every_mapping(schema):
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from every_mapping(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from every_mapping(value)


def test_every_key_is_described():
    schema = whole_schema(SCHEMA)
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


def test_where_no_key_is_allowed_it_is_said():
    assert unknown_key("baselines.control.options", "seed", {}).endswith("unknown key 'seed' (allowed: none)")
