"""The recipe of the container does what the Makefile does; the checks on GitHub, what .ci/run does."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from tests.conftest import REPOSITORY

RECIPE = (REPOSITORY / "envs" / "Dockerfile").read_text()
KNOWN = {"FROM", "RUN", "WORKDIR", "COPY", "ENV", "ENTRYPOINT", "CMD"}


def steps() -> list[tuple[str, str]]:
    lines = [line for line in RECIPE.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines]


def test_every_line_is_an_instruction_and_the_base_is_named_with_its_version():
    assert {name for name, _ in steps()} <= KNOWN
    assert steps()[0][0] == "FROM" and re.fullmatch(r"python:3\.1[123]-slim-\w+", steps()[0][1])


def test_what_it_copies_is_there_and_is_all_that_the_workflow_reads():
    copied = {source for name, words in steps() if name == "COPY" for source in words.split()[:-1]}
    assert all((REPOSITORY / source).exists() for source in copied)
    assert {"src", "Snakefile", "workflow", "config", "profiles", "baselines", "resources", "envs"} <= copied


def test_its_environment_is_made_by_the_makefile_from_what_was_copied_before():
    (at,) = [i for i, (name, words) in enumerate(steps()) if name == "RUN" and words.startswith("make ")]
    before = {source for name, words in steps()[:at] if name == "COPY" for source in words.split()[:-1]}
    assert {"Makefile", "pyproject.toml", "README.md", "envs", "src"} <= before
    said = subprocess.run(
        ["make", "--dry-run", "--always-make", ".venv/ready"], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert said.returncode == 0 and "envs/lock.txt" in said.stdout and "--no-deps --editable ." in said.stdout


@pytest.mark.slow
def test_what_it_copies_is_enough_to_plan_the_demo_as_the_container_starts_it(tmp_path):
    """The copies and the entry of the recipe, done here; its packages are those of this environment."""
    image = tmp_path / "opt" / "expressionvae"
    image.mkdir(parents=True)
    for name, words in steps():
        if name == "COPY":
            *sources, target = words.split()
            for source in sources:
                place = (
                    image / target if len(sources) == 1 and (REPOSITORY / source).is_dir() else image / target / source
                )
                if (REPOSITORY / source).is_dir():
                    shutil.copytree(REPOSITORY / source, place, symlinks=True)
                else:
                    shutil.copy(REPOSITORY / source, place)
    (entry,) = [json.loads(words) for name, words in steps() if name == "ENTRYPOINT"]
    entry = [word.replace("/opt/expressionvae", str(image)) for word in entry[1:]]
    asked = ["--profile", str(image / "profiles" / "demo"), "--directory", str(tmp_path / "work"), "--dry-run"]
    paths = {**os.environ, "PYTHONPATH": str(image / "src")}  # before the package that this environment has
    command = [sys.executable, "-m", "snakemake", *entry, *asked, "--", "all"]
    run = subprocess.run(command, cwd=image, env=paths, capture_output=True, text=True)
    assert run.returncode == 0 and "rule score_table:" in run.stdout, run.stdout[-2000:] + run.stderr[-2000:]
    assert str(REPOSITORY) not in run.stdout.partition("Building DAG")[2]


def test_the_checks_on_github_are_targets_of_the_makefile():
    job = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "checks.yml").read_text())["jobs"]["checks"]
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make check", "make quick", "make docs"]


def test_the_gate_builds_the_manual():
    assert "make docs" in (REPOSITORY / ".ci" / "run").read_text().splitlines()
