"""Ctrl-C while a training runs: the step in hand is kept, and the same command goes on from it."""

import os
import signal
import subprocess
import time

import pytest
import yaml

from tests.workflow.conftest import command, tiny

pytestmark = pytest.mark.slow
TRAINING = "results/made-up/fsq/nb/vae-0"
NEVER = 1_000_000_000  # steps between checkpoints: what is kept is kept because of the signal


def test_ctrl_c_keeps_the_step_and_the_same_command_goes_on(tmp_path):
    plan = {"iterations": 300, "checkpoint_every": NEVER, "validate_every": NEVER, "log_every": 100}
    (tmp_path / "longer.yaml").write_text(yaml.safe_dump({"vae": {"training": plan}}))
    arguments = [*tiny("demo.yaml"), tmp_path / "longer.yaml", "--", f"{TRAINING}/vae.pt"]
    lock, log = tmp_path / TRAINING / "checkpoints" / "lock", tmp_path / f"logs/train_vae/{TRAINING[8:]}.log"
    running = started(tmp_path, arguments)
    while not (lock.exists() and lock.read_text()):
        assert running.poll() is None, running.communicate()[1]
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to Snakemake and to all that it has started
    running.communicate()
    assert running.returncode == 1
    assert "vae: SIGINT: stops after step" in log.read_text() and "Traceback" not in log.read_text()
    again = started(tmp_path, [*arguments[:-2], "--rerun-incomplete", *arguments[-2:]])
    said = again.communicate()[1]
    assert again.returncode == 0, said
    assert "vae: goes on after step" in log.read_text() and (tmp_path / TRAINING / "vae.pt").exists()


def started(folder, arguments) -> subprocess.Popen[str]:
    """Snakemake in a process group of its own, as under a terminal."""
    return subprocess.Popen(
        command(folder, *arguments),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
