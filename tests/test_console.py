import os
import subprocess
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
