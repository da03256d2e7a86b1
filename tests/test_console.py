import errno
import io
import logging
import os
import subprocess
import sys

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure

from expressionvae.console import LAUNCHED, LEVEL, Tee, refusal, reporting, show_messages
from expressionvae.files import UserError, written


def test_a_user_s_mistake_is_one_line_here_and_in_the_log(tmp_path, capsys):
    with pytest.raises(SystemExit), reporting(tmp_path / "log"):
        raise UserError("a.h5ad: no column 'x'")
    assert capsys.readouterr().err == "error: a.h5ad: no column 'x'\n"
    assert (tmp_path / "log").read_text() == "error: a.h5ad: no column 'x'\n"


def test_a_programmer_s_mistake_keeps_its_traceback_in_the_log(tmp_path):
    with pytest.raises(ZeroDivisionError), reporting(tmp_path / "log"):
        _ = 1 / 0
    assert "ZeroDivisionError" in (tmp_path / "log").read_text()


def test_what_is_printed_is_logged(tmp_path):
    with reporting(tmp_path / "log"):
        print("to stdout")
        print("to stderr", file=sys.stderr)
    assert (tmp_path / "log").read_text().startswith("to stdout\nto stderr\ndone in ")


def test_messages_of_job_and_library_are_logged_once_and_warnings_are_called_so(tmp_path, capsys):
    for _ in range(2):  # set up twice
        with reporting(tmp_path / "log") as log:
            log.info("of the job, 100% of it")
            logging.getLogger("expressionvae.data.labels").warning("of the library")
    assert (tmp_path / "log").read_text().startswith("of the job, 100% of it\nWARNING: of the library\ndone in ")
    assert capsys.readouterr().err == 2 * "WARNING: of the library\n"


def test_the_environment_chooses_which_messages_are_shown(tmp_path, monkeypatch):
    monkeypatch.setenv(LEVEL, "warning")
    with reporting(tmp_path / "log") as log:
        log.info("no")
        log.warning("yes")
    assert (tmp_path / "log").read_text() == "WARNING: yes\n"
    monkeypatch.delenv(LEVEL)
    show_messages()


def test_a_level_that_there_is_not_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(LEVEL, "loud")
    with pytest.raises(SystemExit), reporting(tmp_path / "log"):
        raise AssertionError("no work")
    said = (
        "error: environment variable EXPRESSIONVAE_LOG_LEVEL is 'LOUD', expected one of DEBUG, INFO, WARNING, ERROR\n"
    )
    assert capsys.readouterr().err == said


def test_processes_that_a_job_starts_add_to_its_log(tmp_path, monkeypatch):
    (tmp_path / "log").write_text("of the job\n")
    monkeypatch.setenv(LAUNCHED, "localhost:0")
    with reporting(tmp_path / "log"):
        print("of a process")
    assert (tmp_path / "log").read_text() == "of the job\nof a process\n"


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A folder on a disk of 200 kB: a file of more does not fit."""
    folder = tmp_path_factory.mktemp("full")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


NUMBERS = np.random.default_rng(0).random(60_000)  # 480 kB, and nothing to compress


def to_hdf5(path) -> None:
    with h5py.File(path, "w") as file:
        file["x"] = NUMBERS


def to_figure(path) -> None:
    figure = Figure()
    figure.subplots().imshow(NUMBERS.reshape(200, 300))
    figure.savefig(path, dpi=400)


WRITERS = {
    "x.h5": to_hdf5,
    "x.h5ad": lambda path: ad.AnnData(NUMBERS.reshape(60, 1000)).write_h5ad(path),
    "x.npz": lambda path: np.savez_compressed(path, x=NUMBERS),
    "x.csv": lambda path: pd.DataFrame({"x": NUMBERS}).to_csv(path),
    "x.parquet": lambda path: pd.DataFrame({"x": NUMBERS}).to_parquet(path),
    "x.pt": lambda path: torch.save({"x": torch.from_numpy(NUMBERS)}, path),
    "x.png": to_figure,
    "x.md": lambda path: path.write_text("x" * 1_000_000),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_one_line_with_the_file_and_what_to_do(full, tmp_path, capsys, name):
    with pytest.raises(SystemExit), reporting(tmp_path / "log"), written(full / name) as path:
        WRITERS[name](path)
    said = f"error: {full / name}: No space left on device: make room; the same command then goes on, and keeps"
    assert capsys.readouterr().err.startswith(said) and (tmp_path / "log").read_text().count("\n") == 1
    assert not list(full.iterdir())


REFUSALS = [
    (OSError(errno.EROFS, "x", "a.csv"), "a.csv: Read-only file system: work in a folder that can be written"),
    (PermissionError(errno.EACCES, "x", "a.csv"), "a.csv: Permission denied: this user needs the right to"),
    (OSError(errno.EDQUOT, "x", "a.csv"), "a.csv: Disk quota exceeded: make room"),
    (OSError("Can't write data (file write failed: errno = 28, error message = 'No space left')"), "a file: No space"),
    (OSError("[Errno 13] Unable to open file"), "a file: Permission denied"),
]


@pytest.mark.parametrize(("error", "words"), REFUSALS)
def test_what_a_disk_or_a_right_refuses_is_told(error, words):
    told = refusal(error)
    assert told and told.startswith(words) and "\n" not in told


def test_a_refusal_is_told_however_a_library_wraps_it():
    wrapped = RuntimeError("while writing key X")
    wrapped.__cause__ = OSError(errno.ENOSPC, "x", "a.h5ad")
    assert str(refusal(wrapped)).startswith("a.h5ad: No space left on device")


@pytest.mark.parametrize("error", [FileNotFoundError(errno.ENOENT, "x", "a"), ValueError("[Errno 28]"), OSError("x")])
def test_other_errors_are_no_refusals(error):
    assert refusal(error) is None


def test_a_programmer_s_mistake_after_a_refusal_stays_one(tmp_path):
    with pytest.raises(ZeroDivisionError), reporting(tmp_path / "log"):
        try:
            raise PermissionError(errno.EACCES, "x", "a")
        except OSError:
            _ = 1 / 0


def test_a_log_that_the_disk_takes_no_more_ends_no_work(tmp_path):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(errno.ENOSPC, "x")

    stream = io.StringIO()
    Tee(stream, Full()).write("said")
    assert stream.getvalue() == "said"


def test_a_log_that_cannot_be_opened_is_one_line(tmp_path, capsys):
    (tmp_path / "log").mkdir()
    with pytest.raises(SystemExit), reporting(tmp_path / "log"):
        raise AssertionError("no work without a log")
    assert capsys.readouterr().err == f"error: {tmp_path / 'log'}: {os.strerror(errno.EISDIR)}\n"


def test_a_log_on_a_full_disk_is_lost_and_the_work_is_not(full, tmp_path, capsys):
    with reporting(full / "log"):
        print("x" * 1_000_000)
        (tmp_path / "result").write_text("whole")
    assert (tmp_path / "result").read_text() == "whole" and "done in" in capsys.readouterr().out
    (full / "log").unlink()


SAYS = """
import sys
from expressionvae.console import reporting
from expressionvae.files import UserError
with reporting(sys.argv[1]):
    print("IFN-γ, ±2 and \\udcff")
    raise UserError("IFN-γ.h5ad: no such file")
"""
LOCALES = {  # what Python takes from the environment where it is told not to use UTF-8
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "ISO-8859-1": {"PYTHONIOENCODING": "iso-8859-1", "PYTHONUTF8": "0"},
}


@pytest.mark.parametrize("locale", LOCALES)
def test_any_text_is_said_and_logged_in_utf8_whatever_the_locale_is(tmp_path, locale):
    (tmp_path / "says.py").write_text(SAYS, "utf-8")
    command = [sys.executable, tmp_path / "says.py", tmp_path / "log"]
    ran = subprocess.run(command, capture_output=True, env=os.environ | LOCALES[locale])
    assert ran.returncode == 1 and ran.stderr.decode() == "error: IFN-γ.h5ad: no such file\n"
    assert ran.stdout.decode() == "IFN-γ, ±2 and \\udcff\n"
    assert (tmp_path / "log").read_text("utf-8") == (ran.stdout + ran.stderr).decode()


def test_ctrl_c_is_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended, reporting(tmp_path / "log"):
        raise KeyboardInterrupt
    assert ended.value.code == 130 and capsys.readouterr().err == "stopped (Ctrl-C): the same command goes on\n"
