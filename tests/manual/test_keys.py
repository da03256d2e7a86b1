"""The page of keys has every key that a config can have, with its meaning and the value of the paper."""

import re
from collections.abc import Iterator, Mapping

import pytest
import yaml

from expressionvae.manual import keys, results
from expressionvae.manual.rules import named_by_rules
from expressionvae.schema import whole_schema
from tests.conftest import REPOSITORY

CONFIG = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
SCHEMA = whole_schema(REPOSITORY / "config" / "schema.yaml")
KEYWORDS = {
    *(
        "$schema",
        "title",
        "type",
        "description",
        "$comment",
        "$defs",
        "$ref",
        "enum",
        "const",
        "pattern",
        "default",
        "maxLength",
    ),
    *("properties", "patternProperties", "additionalProperties", "propertyNames", "required"),
    *("items", "minItems", "maxItems", "uniqueItems", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("allOf", "oneOf", "anyOf", "not", "if", "then", "else", "minProperties", "contains", "prefixItems"),
}


@pytest.fixture(scope="module")
def page() -> str:
    return keys.page(SCHEMA, CONFIG, named_by_rules(REPOSITORY / "workflow"))


def leaves(node, path=()) -> Iterator[tuple[str, ...]]:
    if isinstance(node, Mapping) and node:
        for key, entry in node.items():
            yield from leaves(entry, (*path, key))
    else:
        yield path


def pairs(key, path):
    """Their steps side by side, or a pair of which nothing holds where they are not equally long."""
    return zip(key, path, strict=True) if len(key) == len(path) else [("", "NAME")]


def line_of(page: str, key: str) -> list[str]:
    (line,) = [line for line in page.splitlines() if line.startswith(f"| `{key}` |")]
    cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    return [*cells[:-1], re.sub(r"\[(`\w+`)\]\(#rule-[\w-]+\)", r"\1", cells[-1])]


def test_every_key_of_the_paper_s_config_is_on_the_page(page):
    told = {tuple(key.split(".")) for key in re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)}
    for path in leaves(CONFIG):
        if path[-1] == "kind":  # a heading
            continue
        assert any(all(a in (b, "NAME") for a, b in pairs(key, path)) for key in told), ".".join(path)


def test_a_line_has_default_bounds_meaning_and_rules(page):
    key, default, allowed, meaning, again = line_of(page, "vae.model.dropout")
    assert (default, allowed, again) == ("`0.1`", "number, ≥ 0, < 1", "`train_vae`")
    assert "the authors' code has 0.1" in meaning


def test_values_by_name_are_told_where_they_differ(page):
    assert line_of(page, "bottlenecks.NAME.levels")[1].startswith("fsq: `[8, 8, 8]`; fsq-wide: `[8, 8, 4, 4]`")
    assert line_of(page, "bottlenecks.NAME.normalise")[1] == "`false`"


def test_a_key_of_one_kind_makes_no_rule_of_another_kind_run_again(page):
    assert line_of(page, "datasets.NAME.donor")[4] == "`prepare`, `assemble_parse1m`"


def test_what_changes_no_result_makes_nothing_again(page):
    assert line_of(page, "vae.training.checkpoint_every")[4] == "nothing"
    assert line_of(page, "vae.devices")[4] == "nothing"


def test_what_the_grid_reads_adds_runs_and_makes_none_again(page):
    assert line_of(page, "items")[4] == "which runs there are"


def test_a_rule_that_does_all_replicates_at_once_is_made_again_by_another(page):
    assert line_of(page, "replicates.trainings.vae")[4].startswith("which runs there are, `predict_cells`")


def test_every_rule_that_a_key_makes_again_says_what_it_writes(page):
    """A rule that writes no file of the list would have a link that leads nowhere."""
    told = results.rules(REPOSITORY / "docs" / "results.yaml")
    asked = set(re.findall(r"\(#(rule-[\w-]+)\)", page))
    assert len(asked) > 30
    assert {rule for rule in asked if f'<a id="{rule}"></a>' not in told} == set()


def unknown(node, path=()) -> Iterator[str]:
    """Keys of a schema that mean nothing to it, such as the second half of a description with a comma in {braces}."""
    if isinstance(node, list):
        for entry in node:
            yield from unknown(entry, path)
    if isinstance(node, Mapping):
        names = path and path[-1] in ("properties", "$defs", "patternProperties")
        for key, entry in node.items():
            if not names and key not in KEYWORDS:
                yield ".".join([*path, str(key)])
            yield from unknown(entry, () if names else (*path[-1:], key))


def test_every_key_of_the_schema_means_something_to_it():
    assert list(unknown(SCHEMA)) == []
