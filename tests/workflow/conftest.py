"""Running the workflow as a user does, in a folder of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

Snakemake = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def snakemake(tmp_path) -> Snakemake:
    """Call snakemake with the project's Snakefile; results lie in tmp_path."""
    return lambda *arguments: call(tmp_path, *arguments)


def call(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run snakemake with `folder` as the working directory; nothing is raised when it fails."""
    return subprocess.run(command(folder, *arguments), capture_output=True, text=True, cwd=REPOSITORY)


def command(folder: Path, *arguments: str | Path) -> list[str]:
    """The command line of a run whose working directory is `folder`."""
    run = [sys.executable, "-m", "snakemake", "--snakefile", REPOSITORY / "Snakefile", "--directory", folder]
    return [*map(str, run), *map(str, arguments)]


def copied(folder: Path) -> Path:
    """`folder`, with a copy of the project in it, to which a test adds what a user would."""
    for part in ("src", "workflow", "config", "resources", "profiles", "envs", "baselines", "Snakefile"):
        source = REPOSITORY / part
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / part)
    return folder


def call_copy(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run snakemake in a copy of the project, with the copy's library before the installed one, for every job."""
    run = [sys.executable, "-m", "snakemake", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(folder / "src")}
    return subprocess.run(run, capture_output=True, text=True, cwd=folder, env=environment)


def tiny(*configs: str) -> list[str | Path]:
    """Arguments for a run of seconds: config files of the project, overlaid by small sizes."""
    files = [REPOSITORY / "config" / name for name in configs]
    return ["--cores", "2", "--scheduler", "greedy", "--configfile", *files, Path(__file__).with_name("tiny.yaml")]
