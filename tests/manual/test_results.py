"""The list of result files is what the rules declare, neither more nor less."""

import re

import pytest
import yaml

from expressionvae.folders import PREDICTION, PREDICTIONS
from expressionvae.manual import results
from tests.conftest import REPOSITORY
from tests.workflow.test_plan import dry_run

LISTED = [one for group in results.groups(REPOSITORY / "docs" / "results.yaml").values() for one in group]
BASELINES = {
    "items": ["table1"],
    "paper": {
        "table1": {
            "runs": [{"bottleneck": ["fsq"], "prior": ["ar"], "decoder": ["mse"]}, {"baseline": ["linear", "scvi"]}]
        }
    },
}


# Planned behind a checkpoint, so that no dry run shows them: read from the rules.
PREDICT = (REPOSITORY / "workflow" / "rules" / "predict.smk").read_text()
AFTER = {
    "PREDICTIONS": PREDICTIONS,
    "PREDICTION": PREDICTION,
    "PREDICTED": f"{PREDICTION}/{{bottleneck}}/{{prior}}/{{decoder}}",
}


def of_predictions() -> set[tuple[str, str]]:
    """Rule and pattern of every output of the chapter on predictions."""
    bodies = re.findall(r"^(?:rule|checkpoint) (\w+):\n((?:(?:    .*)?\n)*)", PREDICT, flags=re.MULTILINE)
    told = {
        rule: re.split(r"^    \w+:", body.partition("    output:")[2], maxsplit=1, flags=re.MULTILINE)[0]
        for rule, body in bodies
    }
    return {(rule, path.format(**AFTER)) for rule, text in told.items() for path in re.findall(r'f"([^"]+)"', text)}


def declared(plan: str) -> set[tuple[str, str]]:
    """Rule and output of every job of a dry run."""
    jobs = re.findall(r"^(?:local)?(?:rule|checkpoint) (\w+):\n((?:    .*\n)+)", plan, flags=re.MULTILINE)
    lines = [(rule, line) for rule, text in jobs for line in re.findall(r"^    output: (.*)$", text, re.MULTILINE)]
    return {(rule, file) for rule, line in lines for file in line.split(", ")}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory) -> set[tuple[str, str]]:
    folder = tmp_path_factory.mktemp("plans")
    (folder / "baselines.yaml").write_text(yaml.safe_dump(BASELINES))
    grids = (
        ["--profile", "profiles/demo"],
        ["--profile", "profiles/slurm"],
        ["--cores", "1", "--configfile", "config/demo.yaml", str(folder / "baselines.yaml")],
        ["--cores", "1", "--configfile", "config/small.yaml", "config/screens/made-up.yaml"],
    )
    return {made for grid in grids for made in declared(dry_run(*grid, "--directory", str(folder)))}


@pytest.mark.slow
def test_every_output_of_a_rule_is_listed_with_that_rule(outputs):
    missing = {
        f"{rule}: {file}" for rule, file in outputs if not any(rule in o.rules and o.is_at(file) for o in LISTED)
    }
    assert missing == set()


@pytest.mark.slow
def test_every_listed_file_is_an_output_of_each_rule_that_it_names(outputs):
    stale = {
        f"{rule}: {one.path}"
        for one in LISTED
        for rule in one.rules
        if "/predictions/" not in one.path
        if not any(rule == made and one.is_at(file) for made, file in outputs)
    }
    assert stale == set()


def test_the_files_of_predictions_are_those_of_their_rules():
    listed = {(rule, one.path) for one in LISTED for rule in one.rules if "/predictions/" in one.path}
    assert listed == of_predictions() and len(listed) == 7


def test_a_name_in_braces_is_any_name_without_a_slash():
    one = results.Result("results/{dataset}/vae-{vae_seed}/vae.pt", ("train_vae",), "")
    assert one.is_at("results/mine/vae-0/vae.pt")
    assert not one.is_at("results/mine/fsq/vae-0/vae.pt") and not one.is_at("results/mine/vae-0/vae-pt")


def test_the_page_has_every_file_and_every_item():
    page = results.page(REPOSITORY / "docs" / "results.yaml")
    assert all(f"`{one.path}`" in page for one in LISTED)
    assert "| `table1` | Table 1 |" in results.items() and "compared.md" in results.items()
