"""What lies between two attempts of one training."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from expressionvae.files import UserError
from expressionvae.training import checkpoints
from expressionvae.training.checkpoints import SIGNALS, Checkpoints, Stopped
from tests.damages import flipped

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
    assert "not taken up, of another config, data, code or version: b, c in" in capsys.readouterr().out
    assert len(list(tmp_path.glob("*.pt"))) == 2


NOT_THE_STATE = {
    "empty": lambda path: path.write_bytes(b""),
    "hello": lambda path: path.write_text("hello\n"),
    "cut in half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "a list": lambda path: torch.save([1], path),
    "nothing but its name": lambda path: torch.save({"name": "a"}, path),
    "the state of another training": lambda path: torch.save({"name": "b", "step": 10}, path),
    "the state after another step": lambda path: path.write_bytes(path.with_name("a-000000005.pt").read_bytes()),
    "code": lambda path: torch.save({"name": "a", "step": 10, "model": Path}, path),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("damage", NOT_THE_STATE)
def test_what_is_not_the_state_is_set_aside_and_the_one_before_is_taken(tmp_path, capsys, damage):
    kept = saved(tmp_path, 5, 10)
    NOT_THE_STATE[damage](kept.paths()[0])
    state, said = kept.load("test"), capsys.readouterr().err
    assert state and state["step"] == 5 and (tmp_path / "a-000000010.damaged").exists()
    assert "a-000000010.pt is damaged (" in said and said.count("\n") == 1 and "weights_only" not in said


def test_a_state_that_the_training_cannot_use_is_set_aside(tmp_path, capsys):
    def check(state):
        if state["step"] == 10:
            raise KeyError("optimiser")

    state = saved(tmp_path, 5, 10).load("test", check)
    assert state and state["step"] == 5 and "is damaged ('optimiser' is missing)" in capsys.readouterr().err


def test_a_state_with_a_flipped_bit_is_never_taken_up_as_another(tmp_path):
    kept = saved(tmp_path, 5, 10)
    newest, wrong, flips = kept.paths()[0], [], np.random.default_rng(0)
    whole = newest.read_bytes()
    for bit in flips.integers(8 * len(whole), size=200).tolist():
        newest.write_bytes(flipped(whole, bit))
        state = kept.load("test")
        if state is None or state["model"].tolist() != [float(state["step"])] * 3:
            wrong.append(bit)
    assert not wrong


def test_temporary_files_of_killed_attempts_go_when_the_next_begins(tmp_path, capsys):
    kept = saved(tmp_path, 5)
    for left in (".a-000000010.pt.elsewhere-1.abcdefgh.pt", ".a-000000010.pt.abcdefgh.pt"):
        (tmp_path / left).write_bytes(b"half")
    (others := tmp_path / ".b-000000010.pt.elsewhere-1.abcdefgh.pt").write_bytes(b"half")
    with kept.locked("test"):
        assert kept.load("test")
    assert sorted(path.name for path in tmp_path.iterdir()) == [others.name, "a-000000005.pt", "lock"]
    assert "not taken up" not in capsys.readouterr().out


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
    out, err = capsys.readouterr()
    assert f"second: waits for another attempt in {tmp_path}: process {first.pid} on" in err
    assert "the other attempt has ended" in out


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


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"])
def test_a_signal_to_stop_is_told_and_afterwards_means_what_it_did(tmp_path, number):
    before = [signal.getsignal(each) for each in SIGNALS]
    with Checkpoints(tmp_path, "a").locked("test") as asked:
        os.kill(os.getpid(), signal.Signals[number])
        assert asked == [signal.Signals[number]]
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_a_signal_that_is_ignored_stays_so(tmp_path):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with Checkpoints(tmp_path, "a").locked("test") as asked:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not asked
    finally:
        signal.signal(signal.SIGHUP, before)
