"""The layout of the workflow catalogue: another workflow mounts this one with a config of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import REPOSITORY

OUTER = """
configfile: "{repository}/config/config.yaml"
configfile: "mine.yaml"


module expressionvae:
    snakefile:
        "{repository}/workflow/Snakefile"
    config:
        config


use rule * from expressionvae as expressionvae_*
"""
MINE = {"screens": ["made-up-known"], "items": ["table1"]}


def mounted(folder: Path) -> None:
    """A workflow of somebody else's in the folder, with a config of its own."""
    (folder / "Snakefile").write_text(OUTER.format(repository=REPOSITORY))
    overlays = [
        yaml.safe_load((REPOSITORY / "config" / name).read_text()) for name in ("small.yaml", "screens/made-up.yaml")
    ]
    mine: dict = {}
    for overlay in [*overlays, MINE]:
        mine |= overlay
    (folder / "mine.yaml").write_text(yaml.safe_dump(mine))


def planned(folder, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run", *arguments]
    return subprocess.run(command, cwd=folder, env=dict(os.environ), capture_output=True, text=True)


@pytest.mark.slow
def test_another_workflow_mounts_it_with_its_own_config_and_plans_table_1(tmp_path):
    mounted(tmp_path)
    run = planned(tmp_path, "--", "results/paper/table1.md")
    assert run.returncode == 0, run.stderr[-3000:]
    assert "rule expressionvae_score_table:" in run.stdout and "rule expressionvae_train_vae:" in run.stdout


@pytest.mark.slow
def test_mounted_it_plans_its_hours_as_well(tmp_path):
    mounted(tmp_path)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--quiet", "rules", "--", "expressionvae_plan"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-3000:]
    assert "jobs" in run.stdout


@pytest.mark.slow
def test_the_catalogue_s_snakefile_is_the_same_workflow(tmp_path):
    arguments = ["--directory", str(tmp_path), "--config", "items=[table1]", "--", "all"]
    plans = [
        planned(REPOSITORY, "--quiet", "rules", "--snakefile", str(REPOSITORY / name), *arguments)
        for name in ("Snakefile", "workflow/Snakefile")
    ]
    assert [plan.returncode for plan in plans] == [0, 0], plans[1].stderr[-3000:]
    jobs = [re.findall(r"^\w+ +\d+$", plan.stdout, re.MULTILINE) for plan in plans]
    assert jobs[0] == jobs[1] and any(line.startswith("total ") for line in jobs[0])


def test_the_catalogue_finds_what_it_asks_for():
    assert all(
        (REPOSITORY / name).is_file() for name in ("workflow/Snakefile", "config/README.md", "LICENSE", "CITATION.cff")
    )
    usage = yaml.safe_load((REPOSITORY / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert usage["report"] is True and usage["software-stack-deployment"]["conda"] is True
    assert (REPOSITORY / "workflow" / "profiles" / "default").samefile(REPOSITORY / "profiles" / "default")
