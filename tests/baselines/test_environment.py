"""An environment is built from its lock once, whole or not at all, and a failure names the package."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.baselines import toy

NOW = f"3.{sys.version_info[1]}"


@pytest.fixture
def shelf(tmp_path, monkeypatch) -> Path:
    """A folder with one package, `tinyone` 1.0, which is all that uv can reach."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    about = "tinyone-1.0.dist-info"
    with zipfile.ZipFile(folder / "tinyone-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tinyone.py", "ANSWER = 42\n")
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: tinyone\nVersion: 1.0\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", f"tinyone.py,,\n{about}/METADATA,,\n{about}/WHEEL,,\n{about}/RECORD,,\n")
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    return folder


def baseline(folder: Path, *pins: str, python: str = NOW) -> Path:
    made = folder / "toy"
    made.mkdir(exist_ok=True)
    (made / "lock.txt").write_text("\n".join([f"# Written by baselines/lock.py, for Python {python}.", *pins, ""]))
    return made


def answer(python: Path) -> str:
    return subprocess.run(
        [python, "-c", "import tinyone; print(tinyone.ANSWER)"], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_an_environment_holds_the_packages_of_its_lock_and_is_built_once(environment, shelf, tmp_path):
    toy_baseline = baseline(tmp_path, "tinyone==1.0")
    python = environment.build(toy_baseline, tmp_path / "cache")
    assert answer(python) == "42"
    ready = python.parents[1] / "ready"
    assert "built in" in python.parents[1].with_suffix(".log").read_text()
    written = ready.stat().st_mtime_ns
    shutil.rmtree(shelf)  # nothing could be installed any more
    assert environment.build(toy_baseline, tmp_path / "cache") == python
    assert ready.stat().st_mtime_ns == written


def test_another_lock_is_another_environment(environment, shelf, tmp_path):
    first = environment.build(baseline(tmp_path, "tinyone==1.0"), tmp_path / "cache")
    second = environment.build(baseline(tmp_path, "# nothing"), tmp_path / "cache")
    assert first != second
    with pytest.raises(subprocess.CalledProcessError):
        answer(second)


def test_what_a_killed_build_has_left_is_built_again(environment, shelf, tmp_path):
    toy_baseline = baseline(tmp_path, "tinyone==1.0")
    python = environment.build(toy_baseline, tmp_path / "cache")
    (python.parents[1] / "ready").unlink()
    shutil.rmtree(python.parents[1] / "lib")
    assert answer(environment.build(toy_baseline, tmp_path / "cache")) == "42"


@pytest.mark.parametrize("wrong", ["no-such-package==1.0", "tinyone==9.9"])
def test_a_package_that_cannot_be_had_is_named_in_one_line_and_nothing_is_finished(environment, shelf, tmp_path, wrong):
    toy_baseline = baseline(tmp_path, "tinyone==1.0" if "tinyone" not in wrong else "# -", wrong)
    with pytest.raises(environment.Failure) as caught:
        environment.build(toy_baseline, tmp_path / "cache")
    said = str(caught.value)
    assert said.startswith(f"baseline toy: package {wrong} could not be installed: ") and "\n" not in said
    log = Path(said.rpartition("all of it: ")[2])
    assert wrong.partition("=")[0] in log.read_text()
    assert not list((tmp_path / "cache").glob("*/ready"))


@pytest.mark.parametrize(
    ("said", "blamed"),
    [
        ("error: Failed to fetch: `https://files.example/six-1.17.0.whl`\n  Caused by: dns error", "six==1.17.0"),
        ("  × Failed to build `scikit-misc==0.5.3`\n  ├─▶ The build backend returned an error", "scikit-misc==0.5.3"),
        ("  × Failed to download `torch==2.13.0`\n  ╰─▶ timed out", "torch==2.13.0"),
        ("Resolved 3 packages, torch too\nerror: Failed to install: six-1.17.0.whl (six==1.17.0)", "six==1.17.0"),
    ],
)
def test_the_package_that_uv_complains_about_is_the_one_that_is_named(environment, tmp_path, said, blamed):
    folder = baseline(tmp_path, "scikit-misc==0.5.3", "six==1.17.0", "torch==2.13.0")
    line = environment.blame(said, folder / "lock.txt")
    assert line.startswith(f"package {blamed} could not be installed: ") and "\n" not in line


@pytest.mark.parametrize(
    ("listed", "variable", "value"),
    [
        ("global.find-links='/a /b'", "UV_FIND_LINKS", "/a,/b"),
        (":env:.find-links='/a'", "UV_FIND_LINKS", "/a"),
        ("global.index-url='https://mirror.example/simple'", "UV_DEFAULT_INDEX", "https://mirror.example/simple"),
        ("global.timeout='5'", "UV_DEFAULT_INDEX", None),
    ],
)
def test_uv_is_told_where_pip_looks_for_packages(environment, monkeypatch, listed, variable, value):
    monkeypatch.setattr(environment, "_pip_settings", lambda: f"global.cert='/c'\n{listed}\n")
    for name in ("UV_FIND_LINKS", "UV_DEFAULT_INDEX"):
        monkeypatch.delenv(name, raising=False)
    assert environment._settings().get(variable) == value
    monkeypatch.setenv(variable, "/of-the-user")
    assert environment._settings()[variable] == "/of-the-user"


def test_a_python_that_is_not_there_is_said(environment, shelf, tmp_path):
    with pytest.raises(environment.Failure, match=r"baseline toy: no Python 3\.99 on this machine"):
        environment.build(baseline(tmp_path, "tinyone==1.0", python="3.99"), tmp_path / "cache")


def test_a_baseline_without_a_lock_is_said(environment, tmp_path):
    (tmp_path / "toy").mkdir()
    with pytest.raises(environment.Failure, match=r"lock\.txt is not there"):
        environment.build(tmp_path / "toy", tmp_path / "cache")


def test_of_two_that_want_an_environment_one_builds_it_and_both_get_it(shelf, tmp_path):
    toy_baseline = baseline(tmp_path, "tinyone==1.0")
    command = [sys.executable, str(toy.BASELINES / "environment.py"), str(toy_baseline), str(tmp_path / "cache")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [each.communicate(timeout=120) for each in both]
    assert [each.returncode for each in both] == [0, 0], said
    assert said[0][0] == said[1][0] and answer(Path(said[0][0].strip())) == "42"
    assert sum("built in" in errors for _, errors in said) == 1


def test_the_program_ends_with_one_line_when_it_fails(shelf, tmp_path):
    toy_baseline = baseline(tmp_path, "no-such-package==1.0")
    command = [sys.executable, str(toy.BASELINES / "environment.py"), str(toy_baseline), str(tmp_path / "cache")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("error: baseline toy: package no-such-package==1.0") and done.stderr.count("\n") == 1
