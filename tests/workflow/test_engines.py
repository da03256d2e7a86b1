"""The same workflow on engines other than SLURM: nothing in the rules or in what they ask for stands in the way."""

import os
import re
import shlex
import subprocess
import sys

import pytest

from expressionvae.run.totals import GPU_RULES
from tests.conftest import REPOSITORY

PLUGINS = REPOSITORY / ".venv" / "engines"
WITHOUT = "needs Snakemake's plugins for other engines: `make test` installs them"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not (PLUGINS / "ready").exists(), reason=WITHOUT)]


def plan(folder, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A dry run of the paper."""
    command = [sys.executable, "-m", "snakemake", "--directory", str(folder), "--dry-run", *arguments]
    environment = os.environ | {"PYTHONPATH": str(PLUGINS)}
    return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)


def documented(store: str) -> list[str]:
    """The arguments that docs/slurm.md gives for Kubernetes, with a folder as the store."""
    text = (REPOSITORY / "docs" / "slurm.md").read_text()
    (command,) = re.findall(r"snakemake (\S+ \S+ --executor kubernetes.*?-- all)$", text, re.DOTALL | re.MULTILINE)
    words = shlex.split(command.replace("\\\n", " "))
    return [{"s3": "fs", "s3://BUCKET": store}.get(word, word) for word in words]


def jobs(printed: str) -> dict[str, list[str]]:
    """What a dry run says of each job, by rule."""
    found: dict[str, list[str]] = {}
    for rule, text in re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)+)", printed, flags=re.MULTILINE):
        found.setdefault(rule, []).append(text)
    return found


def files(job: str) -> list[str]:
    """Inputs and outputs of a job."""
    lines = re.findall(r"^    (?:input|output): (.*)$", job, flags=re.MULTILINE)
    return [file for line in lines for file in line.split(", ")]


@pytest.fixture(scope="module")
def kubernetes(tmp_path_factory) -> dict[str, list[str]]:
    folder = tmp_path_factory.mktemp("kubernetes")
    run = plan(folder, *documented(store=str(folder / "store")))
    assert run.returncode == 0, run.stderr[-3000:]
    return jobs(run.stdout)


def test_on_kubernetes_every_result_lies_in_the_store_and_the_workflow_s_own_files_do_not(kubernetes):
    paths = [file for texts in kubernetes.values() for text in texts for file in files(text)]
    ours = [path for path in paths if path.startswith(str(REPOSITORY))]
    assert {path.removeprefix(f"{REPOSITORY}/").split("/")[0] for path in ours} == {"resources"}
    stored = set(paths) - set(ours) - {"<TBD>"}  # what a checkpoint will tell
    assert all("storage)" in path for path in stored) and len(stored) > 1000


def test_on_kubernetes_networks_and_nothing_else_ask_for_a_gpu(kubernetes):
    asks = {rule: {re.search(r"\bgpu=(\d+)", text) is not None for text in texts} for rule, texts in kubernetes.items()}
    assert {rule for rule, gpu in asks.items() if True in gpu} == set(GPU_RULES) & asks.keys()
    assert all(len(gpu) == 1 for gpu in asks.values())
    assert "gpu_manufacturer=nvidia" in kubernetes["train_vae"][0] and "mem_mb=64000" in kubernetes["train_vae"][0]


def test_kubernetes_itself_looked_at_the_plan(tmp_path):
    run = plan(tmp_path, "--executor", "kubernetes", "--jobs", "4", "--", "all")
    assert run.returncode != 0 and "If no shared filesystem is assumed" in run.stdout


def test_on_one_machine_the_plan_is_that_of_a_cluster(kubernetes, tmp_path):
    run = plan(tmp_path, "--executor", "local", "--cores", "8", "--resources", "gpu=1", "--", "all")
    assert run.returncode == 0, run.stderr[-3000:]
    assert {rule: len(texts) for rule, texts in jobs(run.stdout).items()} == {
        rule: len(texts) for rule, texts in kubernetes.items()
    }
