"""A run that is killed in the midst of a job goes on by README's own command."""

import os
import signal
import subprocess
import sys
import time

import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.workflow.conftest import call
from tests.workflow.test_bad_input import COUNTS, LOCAL, a_screen

pytestmark = pytest.mark.slow
SEEDS = 60


def arguments(folder) -> list[str]:
    """README's command for one's own screen, for a job with many outputs."""
    a_screen(folder / "mine.h5ad", COUNTS)
    config = {"screens": ["mine"], "datasets": {"mine": LOCAL}, "replicates": {"samples": list(range(SEEDS))}}
    (folder / "mine.yaml").write_text(yaml.safe_dump(config))
    files = [str(REPOSITORY / "config" / "small.yaml"), str(folder / "mine.yaml")]
    wanted = f"results/mine/baselines/inputs/query-{SEEDS - 1}.h5ad"
    return ["--cores", "2", "--configfile", *files, "--config", f"data_dir={folder}", "--", wanted]


def killed_in_the_midst(folder, *words: str) -> None:
    """Run until the job has written its first output, and kill everything at once, as a machine that goes down does."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile"), "--directory", folder]
    with open(folder / "run.log", "w") as log:
        run = subprocess.Popen([*map(str, command), *words], stdout=log, stderr=log, start_new_session=True)
    first, last = (folder / f"results/mine/baselines/inputs/query-{seed}.h5ad" for seed in (0, SEEDS - 1))
    end = time.monotonic() + 300
    while not first.exists():
        assert run.poll() is None and time.monotonic() < end, (folder / "run.log").read_text()[-3000:]
        time.sleep(0.005)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert not last.exists()


def test_the_same_command_goes_on(tmp_path):
    words = arguments(tmp_path)
    killed_in_the_midst(tmp_path, *words)
    assert call(tmp_path, "--unlock", *words[:-2]).returncode == 0
    run = call(tmp_path, *words)
    assert run.returncode == 0, run.stderr[-3000:]
    assert len(list((tmp_path / "results/mine/baselines").glob("inputs/query-*.h5ad"))) == SEEDS
