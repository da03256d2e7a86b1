"""Two processes on this machine train as one does: started by the very call that the rules make."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import torch

from expressionvae.catalogue.heads import HEADS
from expressionvae.files import UserError
from expressionvae.training import launch
from tests.conftest import REPOSITORY
from tests.training.shared import train

pytestmark = pytest.mark.slow
Result = tuple[dict[str, torch.Tensor], list[dict]]
SCRIPT = """
import os, sys
from pathlib import Path
from expressionvae.console import reporting

folder, tasks, kinds = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3].split("+")
with reporting(folder / "log"):
    import torch
    from expressionvae.training import launch, processes
    from tests.training.shared import train
    launch.start_on_each_device(2, 1, tasks=tasks, starter=f"{sys.executable} tests/training/starter.py")
    trained = {kind: train(kind, folder / "checkpoints", int(os.environ["RANK"])) for kind in kinds}
    processes.leave()
    torch.save(trained, folder / "result")
"""


def start(folder: Path, what: str, tasks: int = 1) -> subprocess.Popen[str]:
    """Start a training of two processes."""
    folder.mkdir(exist_ok=True)
    (folder / "script.py").write_text(SCRIPT)
    command = [sys.executable, folder / "script.py", folder, tasks, what]
    environment = os.environ | {"PYTHONPATH": f"{REPOSITORY / 'src'}:{REPOSITORY}"}
    return subprocess.Popen(
        [*map(str, command)], cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip


def run(folder: Path, what: str, tasks: int = 1) -> dict[str, Result]:
    """Weights and losses of a training of two processes, by kind."""
    started = start(folder, what, tasks)
    said = started.communicate(timeout=200)[1]
    assert started.returncode == 0, said
    return torch.load(folder / "result")


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The folder of a training that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    run(folder, "flow")
    return folder


def assert_close(one: Result, other: Result) -> None:
    """Both have the same losses, their terms and weights, to rounding."""
    pd.testing.assert_frame_equal(pd.DataFrame(one[1]), pd.DataFrame(other[1]), rtol=1e-4)
    torch.testing.assert_close(*map(without_idle, (one[0], other[0])), rtol=1e-3, atol=1e-3)


def without_idle(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Weights whose gradient is rounding alone, of which AdamW makes whole steps, set to zero.

    A bias of keys cancels in the softmax over positions; with nb, what is added to all genes in that over genes.
    """
    idle = {name: value.clone() for name, value in weights.items() if name.endswith("key_value.bias")}
    for value in idle.values():
        value[: len(value) // 2] = 0
    if "head.share.bias" in weights:
        idle |= {name: torch.zeros_like(weights[name]) for name in ("head.share.bias", "decoder.norm.bias")}
    return weights | idle


def assert_equal(one: Result, other: Result) -> None:
    assert one[1] == other[1]
    torch.testing.assert_close(one[0], other[0], rtol=0, atol=0)


def test_two_processes_have_the_losses_and_weights_of_one(tmp_path):
    kinds = [*HEADS, "ar"]  # the other priors draw noise
    two = run(tmp_path / "two", "+".join(kinds))
    for kind in kinds:
        assert_close(train(kind, tmp_path / "one", 0), two[kind])


def test_two_tasks_of_one_process_each_train_as_one_process(tmp_path):
    assert_close(train("ar", tmp_path / "one", 0), run(tmp_path / "tasks", "ar", tasks=2)["ar"])


def test_the_log_is_that_of_one_training(whole):
    log = (whole / "log").read_text()
    assert log.count("flow 40/40") == 1


@pytest.mark.parametrize(("send", "number"), [(os.kill, signal.SIGTERM), (os.killpg, signal.SIGINT)])
def test_a_signal_to_the_launcher_or_to_all_keeps_one_state_and_the_next_attempt_ends_in_equal_weights(
    whole, tmp_path, send, number
):
    stopped = start(tmp_path, "flow-slowly")
    until_first_checkpoint(tmp_path, stopped)
    send(stopped.pid, number)  # a terminal's Ctrl-C goes to all
    said = stopped.communicate(timeout=100)[1]
    assert stopped.returncode == 75 and said.count(f"flow: {number.name}: stops after step") == 1, said
    again = run(tmp_path, "flow")
    assert "flow: goes on after step" in (tmp_path / "log").read_text()
    assert_equal(again["flow"], torch.load(whole / "result")["flow"])


def test_a_process_that_dies_ends_the_training_and_one_process_takes_it_up(tmp_path, capsys):
    dying = start(tmp_path, "ar-second-dies")
    said = dying.communicate(timeout=100)[1]
    assert dying.returncode == 1 and "process 1 with code -9" in said and not (tmp_path / "result").exists(), said
    again = train("ar", tmp_path / "checkpoints", 0)
    assert "ar: goes on after step 20" in capsys.readouterr().out
    assert_close(again, train("ar", tmp_path / "one", 0))


def test_a_batch_norm_is_refused_where_it_would_differ(tmp_path):
    refused = start(tmp_path, "normalised")
    said = refused.communicate(timeout=100)[1]
    assert refused.returncode == 1 and "2 processes on CPUs cannot share a batch norm" in said


def until_first_checkpoint(folder: Path, process: subprocess.Popen) -> None:
    while not list((folder / "checkpoints").glob("*.pt")):
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)


def test_devices_that_tasks_do_not_divide_are_refused():
    with pytest.raises(UserError, match="3 cannot be shared among 2 tasks"):
        launch.start_on_each_device(3, 1, tasks=2, starter="srun")


def test_tasks_without_a_starter_are_refused():
    with pytest.raises(UserError, match="2 tasks need the resource `mpi`"):
        launch.start_on_each_device(2, 1, tasks=2)


def test_fewer_gpus_than_processes_are_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(UserError, match="4 processes of this task need a GPU each, but it has 1"):
        launch.start_on_each_device(4, 8)
