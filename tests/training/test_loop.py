import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from expressionvae.data.validation import random_split
from expressionvae.files import UserError
from expressionvae.training.checkpoints import Checkpoints, Stopped
from expressionvae.training.loop import Trainer, save_history
from expressionvae.vae.model import Encoder
from tests.conftest import REPOSITORY
from tests.priors.test_build import KINDS
from tests.training import shared
from tests.training.test_schedule import schedule


class Killed(Exception):
    pass


def trainer(folder: Path, dies_at: int | None = None, signal_at: int | None = None, pause: float = 0.0) -> Trainer:
    """A regression with dropout, so that the random state matters; it can die or be told to stop at a step."""
    torch.manual_seed(0)
    data = torch.randn(64, 3, generator=torch.Generator().manual_seed(1))
    model = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 1))
    made = 0

    def losses(model, cells):
        nonlocal made
        made += model.training
        if made == dies_at:
            raise Killed
        if made == signal_at:
            os.kill(os.getpid(), signal.SIGUSR1)
        time.sleep(pause)
        return {"loss": (model(data[cells]).squeeze(-1) - data[cells].sum(1)).square().mean()}

    checkpoints = Checkpoints(folder, "a")
    cells = random_split(64, 0.1, seed=0)
    options = {"seed": 0, "device": torch.device("cpu"), "checkpoints": checkpoints, "operations": 1e6}
    return Trainer(model, losses, cells, schedule(), **options)


def weights(trainer: Trainer) -> torch.Tensor:
    return torch.cat([parameter.flatten() for parameter in trainer.model.parameters()])


def test_a_killed_training_resumes_to_the_same_weights_and_losses(tmp_path):
    whole = trainer(tmp_path / "whole")
    history = whole.run("test")
    with pytest.raises(Killed):
        trainer(tmp_path / "killed", dies_at=57).run("test")
    resumed = trainer(tmp_path / "killed")
    assert resumed.run("test") == history
    assert torch.equal(weights(resumed), weights(whole))


def test_a_training_that_is_told_to_stop_loses_no_step(tmp_path, capsys):
    history = trainer(tmp_path / "whole").run("test")
    with pytest.raises(Stopped):
        trainer(tmp_path / "stopped", signal_at=57).run("test")
    assert "test: SIGUSR1: stops after step 57, kept" in capsys.readouterr().err
    resumed = trainer(tmp_path / "stopped")
    assert resumed.run("test") == history
    assert "test: goes on after step 57, from" in capsys.readouterr().out


CHILD = """
import sys
import tempfile
from pathlib import Path
import torch
from tests.training.test_loop import trainer, weights
made = trainer(Path(sys.argv[1]), pause=float(sys.argv[2]))
made.run("test")
torch.save(weights(made), Path(sys.argv[1]) / "result")
"""


def child(folder: Path, pause: float) -> subprocess.Popen:
    said = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen([sys.executable, "-c", CHILD, folder, str(pause)], cwd=REPOSITORY, **said)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 75), (signal.SIGKILL, -9)])
def test_a_process_killed_at_a_random_step_resumes_to_equal_weights(number, code, tmp_path):
    whole = trainer(tmp_path / "whole")
    whole.run("test")
    killed = child(tmp_path / "killed", pause=0.03)
    while not list((tmp_path / "killed").glob("a-*.pt")):
        assert killed.poll() is None
        time.sleep(0.05)
    time.sleep(random.uniform(0, 1.5))
    killed.send_signal(number)
    assert killed.wait() == code and not (tmp_path / "killed" / "result").exists()
    assert child(tmp_path / "killed", pause=0).wait() == 0
    assert torch.equal(torch.load(tmp_path / "killed" / "result"), weights(whole))


@pytest.mark.slow
def test_of_two_attempts_at_once_the_second_takes_up_what_the_first_finished(tmp_path):
    first, second = (child(tmp_path, pause=0.02) for _ in range(2))
    messages = [process.communicate()[0].decode() for process in (first, second)]
    assert first.returncode == second.returncode == 0
    waited, trained = sorted(messages, key=lambda message: "waits for" not in message)
    assert "waits for another attempt" in waited and "test 100/100" not in waited and "test 100/100" in trained


def test_the_same_seed_gives_the_same_weights(tmp_path):
    results = []
    for name in ("a", "b"):
        made = trainer(tmp_path / name)
        results.append((made.run("test"), weights(made)))
    assert results[0][0] == results[1][0] and torch.equal(results[0][1], results[1][1])


def test_the_loss_table_has_training_and_validation_rows(tmp_path):
    history = trainer(tmp_path / "x").run("test")
    assert [row["step"] for row in history if row["split"] == "train"] == list(range(5, 101, 5))
    assert [row["step"] for row in history if row["split"] == "validation"] == list(range(10, 101, 10))
    assert history[-1]["loss"] < history[0]["loss"]


def test_a_validation_loss_is_the_mean_over_cells_however_short_the_last_batch(tmp_path):
    model = nn.Linear(1, 1)
    of_cells = torch.arange(60.0)
    cells = torch.arange(49), torch.arange(49, 60)  # 11 set apart, in batches of 8 and 3
    options = {"seed": 0, "device": torch.device("cpu"), "checkpoints": Checkpoints(tmp_path, "a"), "operations": 1e6}
    made = Trainer(model, lambda _, rows: {"loss": of_cells[rows].mean()}, cells, schedule(batch_size=8), **options)
    assert made._validate()["loss"] == pytest.approx(float(of_cells[49:].mean()))


def test_the_loss_table_is_shown_after_each_validation(tmp_path):
    made, shown = trainer(tmp_path / "x"), []
    made.watch = lambda history: shown.append((history[-1]["split"], history[-1]["step"]))
    made.run("test")
    assert shown == [("validation", step) for step in range(10, 101, 10)]


def test_the_log_says_what_the_training_makes_of_its_device(tmp_path, capsys):
    trainer(tmp_path / "x").run("test")
    assert re.search(r"^test 100/100 .*  loss [\d.e-]+  [\d.e-]+ TFLOP/s$", capsys.readouterr().out, re.M)


class Reads(TorchDispatchMode):
    """Counts the operations for whose result the host would wait for a GPU."""

    WAITING = ("_local_scalar_dense", "nonzero", "masked_select", "_unique2", "equal", "is_nonzero")

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if (name := func._schema.name.removeprefix("aten::")) in self.WAITING:
            self.found.append(name)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("what", [*shared.HEADS, *KINDS])
def test_the_host_waits_for_the_device_in_no_step_of_a_training(what, tmp_path, monkeypatch):
    found, advance = [], Trainer._advance

    def watched(self):
        with Reads() as reads:
            advance(self)
        found.append(reads.found)

    monkeypatch.setattr(Trainer, "_advance", watched)
    # As with dropout, and on a GPU also without: each gene has a token of its own.
    monkeypatch.setattr(Encoder, "_may_merge", lambda self, values: False)
    shared.train(what, tmp_path, 0)
    assert found == [[]] * shared.SCHEDULE.iterations


def test_a_loss_that_is_no_number_stops_the_training(tmp_path):
    lost = trainer(tmp_path)
    lost.losses = lambda model, cells: {"loss": model(torch.full((1, 3), torch.nan)).sum()}
    with pytest.raises(UserError, match="loss of the training is nan at step .*: it diverged"):
        lost.run("test")


NUMBERS = st.floats(allow_infinity=True, allow_nan=True)


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from(["train", "validation"]), NUMBERS, NUMBERS), min_size=1)
)
def test_a_loss_table_is_written_as_pandas_would_and_nothing_stands_for_no_number(rows):
    history = [dict(zip(("step", "split", "loss", "lr"), row, strict=True)) for row in rows]
    with tempfile.TemporaryDirectory() as folder:
        save_history(Path(folder, "losses.csv"), history)
        assert Path(folder, "losses.csv").read_text() == pd.DataFrame(history).to_csv(index=False)
