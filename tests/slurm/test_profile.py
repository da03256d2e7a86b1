"""The profile that users get, without a cluster."""

import re
from pathlib import Path

import pytest
import yaml

from expressionvae.run.totals import GPU_RULES
from tests.conftest import REPOSITORY

PROFILE = REPOSITORY / "profiles" / "slurm" / "config.yaml"


@pytest.fixture(scope="module")
def profile() -> dict:
    return yaml.safe_load(PROFILE.read_text())


def rules() -> str:
    return "\n".join(path.read_text() for path in (REPOSITORY / "workflow" / "rules").glob("*.smk"))


def test_it_speaks_of_rules_that_there_are(profile):
    named = profile["set-resources"].keys() | profile["set-threads"].keys()
    assert named <= set(re.findall(r"^(?:use rule \w+ as |rule )(\w+)", rules(), flags=re.MULTILINE))


def test_every_rule_with_a_network_gets_a_gpu_and_threads_to_feed_it(profile):
    assert set(GPU_RULES) == {rule for rule, asked in profile["set-resources"].items() if "gpu=True" in asked}
    assert set(GPU_RULES) <= profile["set-threads"].keys()


def test_nothing_in_it_changes_a_result(profile):
    assert not [key for key in profile if key.startswith("config")]


def test_nothing_in_the_rules_is_slurm_s():
    scripts = "".join(Path(path).read_text() for path in (REPOSITORY / "workflow" / "scripts").glob("*.py"))
    assert "slurm" not in (rules() + scripts).lower()


def test_the_site_s_file_has_the_keys_that_the_profile_knows():
    site = yaml.safe_load(PROFILE.with_name("site.yaml").read_text())
    test = yaml.safe_load(Path(__file__).with_name("site.yaml").read_text())
    assert site.keys() == test.keys()
