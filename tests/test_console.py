import sys

import pytest

from expressionvae.console import LAUNCHED, reporting
from expressionvae.files import UserError


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


def test_processes_that_a_job_starts_add_to_its_log(tmp_path, monkeypatch):
    (tmp_path / "log").write_text("of the job\n")
    monkeypatch.setenv(LAUNCHED, "localhost:0")
    with reporting(tmp_path / "log"):
        print("of a process")
    assert (tmp_path / "log").read_text() == "of the job\nof a process\n"
