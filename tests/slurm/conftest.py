"""A SLURM cluster of one node for the tests of this folder, and the workflow on it through the profile of users."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.workflow.conftest import call, tiny

HERE = Path(__file__).parent
# A look in vain puts the next one off by ten seconds more.
QUICK = ["--jobs", "12", "--latency-wait", "10", "--slurm-init-seconds-before-status-checks", "3"]


def until(what: str, true: Callable[[], object], seconds: float = 120):
    """Wait for something to be true, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.2)
    raise AssertionError(f"waited {seconds} s in vain: {what}")


def output(*command: object) -> str:
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=True).stdout.strip()


def configs(*overlays: Path) -> list[str | Path]:
    """Arguments for the tiny grid, without those that say where it runs."""
    arguments = [*tiny("demo.yaml"), *overlays]
    return arguments[arguments.index("--configfile") :]


class Cluster:
    """The cluster that start.sh started in a folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.keeps_accounts = bool(shutil.which("slurmdbd") and shutil.which("mariadbd"))

    def site(self, **changes: object) -> Path:
        """A site's file: that of this cluster, but for some entries."""
        site = yaml.safe_load((HERE / "site.yaml").read_text())
        if self.keeps_accounts:
            site |= {"account": "lab", "accounting": True}
        with tempfile.NamedTemporaryFile("w", dir=self.folder, prefix="site-", suffix=".yaml", delete=False) as file:
            yaml.safe_dump(site | changes, file)
        return Path(file.name)

    def snakemake(self, folder: Path, *arguments: object, **site: object) -> subprocess.Popen[str]:
        """Start the workflow as a user of the cluster does, in a folder of its own; output goes to folder/run.log.

        `site`: what the user's site.yaml says otherwise than the cluster's.
        """
        command = [sys.executable, "-m", "snakemake", "--profile", "profiles/slurm", "--directory", folder, *QUICK]
        environment = os.environ | {"EXPRESSIONVAE_SITE": str(self.site(**site))}
        with open(folder / "run.log", "a") as log:
            return subprocess.Popen(
                [*map(str, command), *map(str, arguments)],
                cwd=REPOSITORY, env=environment, stdout=log, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip

    def job(self, number: str) -> dict[str, str]:
        """What SLURM knows of a job, as `scontrol show job` prints it."""
        return dict(re.findall(r"(\S+?)=(\S*)", output("scontrol", "show", "job", number)))

    def jobs(self, rule: str, folder: Path) -> list[str]:
        """Numbers of the jobs of a rule that were submitted from a folder, the newest first."""
        lines = output("squeue", "--noheader", "--states=all", "--sort=-i", "--format=%i %Z %k").splitlines()
        rows = [line.split(maxsplit=2) for line in lines]
        return [row[0] for row in rows if row[1] == str(folder) and row[2].startswith(f"rule_{rule}")]

    def daemon(self, name: str) -> int:
        return int((self.folder / f"{name}.pid").read_text())


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    if "PYTEST_XDIST_WORKER" in os.environ:
        pytest.skip("one cluster at a time: run `make slurm-test`")
    if os.geteuid() != 0:
        pytest.skip("needs root, to start a SLURM cluster on this machine")
    missing = [name for name in ("slurmctld", "slurmd", "sbatch", "munged") if not shutil.which(name)]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: on Debian, `make slurm-test` installs them")
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))  # munged wants parents that all may enter: no folder of pytest's
    started = subprocess.run(["bash", HERE / "start.sh", folder], capture_output=True, text=True)
    if started.returncode != 0 and "belongs to a cluster" in started.stderr:
        pytest.skip(started.stderr.strip())
    try:
        assert started.returncode == 0, started.stderr
        yield Cluster(folder)
    finally:
        subprocess.run(["bash", HERE / "stop.sh", folder], check=True)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def here(tmp_path_factory) -> Path:
    """A folder in which the tiny grid has run on this machine, without SLURM, in one thread a job."""
    folder = tmp_path_factory.mktemp("here")
    run = call(folder, *tiny("demo.yaml"), "--", "all")
    assert run.returncode == 0, run.stderr[-3000:]
    return folder
