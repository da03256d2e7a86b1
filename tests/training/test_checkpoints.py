"""What lies between two attempts of one training."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch

from expressionvae.files import UserError
from expressionvae.training import checkpoints
from expressionvae.training.checkpoints import Checkpoints, Stopped

HOLD = """
import sys, time
from pathlib import Path
from expressionvae.training.checkpoints import Checkpoints
with Checkpoints(Path(sys.argv[1]), "a").locked("first"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def saved(folder: Path, *steps: int, name: str = "a") -> Checkpoints:
    kept = Checkpoints(folder, name)
    for step in steps:
        kept.save(step, {"model": torch.full((3,), float(step))})
    return kept


def holder(folder: Path, seconds: float) -> subprocess.Popen:
    """Another process that holds the folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, folder, str(seconds)], stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "held\n"
    return process


def test_the_last_two_states_are_kept_and_the_newest_is_taken(tmp_path):
    kept = saved(tmp_path, 5, 10, 15, 100)
    assert [path.name for path in kept.paths()] == ["a-000000100.pt", "a-000000015.pt"]
    state = kept.load("test")
    assert state and state["step"] == 100 and state["model"].tolist() == [100.0] * 3


def test_an_empty_folder_has_no_state(tmp_path):
    assert Checkpoints(tmp_path, "a").load("test") is None


def test_of_a_damaged_newest_the_one_before_is_taken_with_a_message(tmp_path, capsys):
    kept = saved(tmp_path, 5, 10)
    newest = kept.paths()[0]
    newest.write_bytes(newest.read_bytes()[:200])
    state = kept.load("test")
    assert state and state["step"] == 5
    assert "a-000000010.pt is damaged" in capsys.readouterr().err
    assert [path.name for path in kept.paths()] == ["a-000000005.pt"]


def test_states_of_other_configs_are_named_and_not_taken_up(tmp_path, capsys):
    saved(tmp_path, 5, name="b")
    saved(tmp_path, 7, name="c")
    assert Checkpoints(tmp_path, "a").load("test") is None
    assert "not taken up, of another config, data or version: b, c in" in capsys.readouterr().out
    assert len(list(tmp_path.glob("*.pt"))) == 2


def test_a_state_under_a_false_name_is_refused(tmp_path):
    path = saved(tmp_path, 5, name="b").paths()[0]
    path.rename(tmp_path / "a-000000005.pt")
    with pytest.raises(UserError, match="holds the state of 'b', expected 'a'"):
        Checkpoints(tmp_path, "a").load("test")


def test_a_full_disk_keeps_the_older_state_and_says_so(tmp_path, monkeypatch):
    kept = saved(tmp_path, 5)

    def full(path, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UserError, match="state of step 10: No space left on device; step 5 is kept"):
        kept.save(10, {})
    assert [path.name for path in tmp_path.iterdir()] == ["a-000000005.pt"]


def test_a_second_attempt_waits_for_the_first_and_says_for_whom(tmp_path, capsys):
    first = holder(tmp_path, 1.5)
    began = time.monotonic()
    with Checkpoints(tmp_path, "a").locked("second", interval=0.05):
        assert time.monotonic() - began > 1
    first.wait()
    said = capsys.readouterr().err
    assert f"second: waits for another attempt in {tmp_path}: process {first.pid} on" in said
    assert "the other attempt has ended" in said


def test_the_lock_of_a_killed_attempt_is_free(tmp_path, capsys):
    first = holder(tmp_path, 60)
    first.kill()
    first.wait()
    with Checkpoints(tmp_path, "a").locked("second"):
        assert capsys.readouterr().err == ""


def test_who_waits_can_be_stopped(tmp_path):
    first = holder(tmp_path, 60)
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with pytest.raises(Stopped) as stopped, Checkpoints(tmp_path, "a").locked("second", interval=0.05):
        pass
    assert stopped.value.code == 75
    first.kill()
    first.wait()


def test_a_file_system_without_locks_is_told(tmp_path, monkeypatch, capsys):
    def refused(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(checkpoints.fcntl, "flock", refused)
    with Checkpoints(tmp_path, "a").locked("test"):
        assert "this file system has no locks (No locks available)" in capsys.readouterr().err


def test_signals_are_again_as_before_afterwards(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    with Checkpoints(tmp_path, "a").locked("test") as asked:
        os.kill(os.getpid(), signal.SIGUSR1)
        assert asked == [signal.SIGUSR1]
    assert signal.getsignal(signal.SIGTERM) is before
