"""The virtual environment of a baseline, built once from its lock.txt with uv (standard library only).

    python baselines/environment.py baselines/scvi CACHE      prints the path of the environment's Python

An environment lies in CACHE/{baseline}-{digest of its lock}, so that another lock is another environment, and is
finished when it holds the file `ready`, which is written last: what a killed build has left is built again. Beside it
lies its log. A Python of a version that the lock names is looked for on this machine and never downloaded.
"""

import argparse
import contextlib
import fcntl
import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

LOCK, READY = "lock.txt", "ready"


class Failure(Exception):
    """One line: which baseline, which package, what to do."""


def build(baseline: Path, cache: Path) -> Path:
    """Return the Python of the environment that `baseline`/lock.txt describes, building it if it is not there.

    Raises Failure, which names the package that could not be installed, or the Python that was not found.
    """
    lock = baseline / LOCK
    if not lock.is_file():
        raise Failure(f"baseline {baseline.name}: {lock} is not there; baselines/lock.py writes it")
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    folder = (cache / f"{baseline.name}-{digest[:16]}").absolute()
    python = folder / "bin" / "python"
    if not (folder / READY).exists():
        with _alone(folder):
            if not (folder / READY).exists():  # built by another process while this one waited
                _build(baseline, folder, python)
    return python


def pythons(lock: Path) -> list[str]:
    """Versions of Python that a lock was resolved for, in its first line, the preferred first."""
    first = lock.read_text(encoding="utf-8").partition("\n")[0]
    found = re.findall(r"\b3\.\d+\b", first)
    if not found:
        raise Failure(f"{lock}: its first line names no version of Python; baselines/lock.py writes it")
    return found


def _build(baseline: Path, folder: Path, python: Path) -> None:
    started, log = time.monotonic(), folder.with_suffix(".log")
    shutil.rmtree(folder, ignore_errors=True)  # half of an environment
    uv = _uv(baseline.name)
    base = _python(baseline, uv)
    lock = baseline / LOCK
    with log.open("w", encoding="utf-8") as file:
        _run(baseline.name, [uv, "venv", "--no-config", "--python", base, str(folder)], file, log, lock)
        install = [uv, "pip", "install", "--no-config", "--compile-bytecode", "--python", str(python)]
        install += ["--requirement", str(lock)]
        _run(baseline.name, install, file, log, lock)
        took = f"built in {time.monotonic() - started:.0f} s with {base}"
        file.write(f"{took}\n")
    (folder / READY).write_text(f"{took}\n", encoding="utf-8")
    print(f"environment of {baseline.name}: {took}: {folder}", file=sys.stderr)


def _run(name: str, command: list[str], file, log: Path, lock: Path) -> None:
    """Run uv, everything it says going to the log."""
    file.write(f"$ {' '.join(command)}\n")
    file.flush()
    done = subprocess.run(command, env=_settings(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    said = done.stdout.decode("utf-8", "replace")
    file.write(said)
    if done.returncode:
        raise Failure(f"baseline {name}: {blame(said, lock)}; all of it: {log}")


def blame(said: str, lock: Path) -> str:
    """What uv says, in one line that begins with the package of the lock that it is about."""
    text = " ".join(re.sub(r"[×├└╰│─▶]+", " ", said).split())
    error = text[text.find("error:") :] if "error:" in text else text
    pins = re.findall(r"^([A-Za-z0-9][\w.-]*)(?:==([\w.+!-]+))?", lock.read_text(encoding="utf-8"), re.MULTILINE)
    places = {(name, version): _place(name, version, error) for name, version in pins}
    found = {pin: place for pin, place in places.items() if place is not None}
    shown = error if len(error) <= 300 else f"{error[:300]}..."
    if not found:
        return f"the environment could not be built: {shown}"
    name, version = min(found, key=lambda pin: found[pin])
    return f"package {name}{f'=={version}' if version else ''} could not be installed: {shown}"


def _place(name: str, version: str, text: str) -> int | None:
    """Where a text speaks of a package, by its name or the name of its file; None if it does not."""
    spelled = re.sub(r"[-_.]+", "[-_.]", name)
    found = re.search(rf"(?<![\w.-]){spelled}(?=-{re.escape(version)}|[^\w-]|$)", text, re.IGNORECASE)
    return None if found is None else found.start()


def _uv(name: str) -> str:
    beside = Path(sys.executable).parent / "uv"
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv is None:
        raise Failure(f"baseline {name}: the program uv is not there: `pip install uv`, or use conda environments")
    return uv


def _python(baseline: Path, uv: str) -> str:
    """An interpreter of a version that the lock names: this one's own if it will do, else what uv finds."""
    wanted = pythons(baseline / LOCK)
    if f"{sys.version_info[0]}.{sys.version_info[1]}" in wanted:
        return getattr(sys, "_base_executable", sys.executable)  # not that of a virtual environment
    for version in wanted:
        command = [uv, "python", "find", "--no-config", "--system", version]
        found = subprocess.run(command, env=_settings(), capture_output=True, text=True, check=False)
        if found.returncode == 0:
            return found.stdout.strip()
    versions = " or ".join(wanted)
    raise Failure(f"baseline {baseline.name}: no Python {versions} on this machine; install one and put it on PATH")


def _settings() -> dict[str, str]:
    """The environment variables that uv runs under.

    uv does not read pip's settings: where pip is told of a folder of packages or of an index, uv is told too.
    """
    settings = dict(os.environ) | {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
    for key, variable in (("find-links", "UV_FIND_LINKS"), ("index-url", "UV_DEFAULT_INDEX")):
        found = re.search(rf"^\S+\.{key}='(.+)'$", _pip_settings(), re.MULTILINE)
        if found and variable not in settings:
            settings[variable] = ",".join(found[1].split())
    return settings


@functools.cache
def _pip_settings() -> str:
    command = [sys.executable, "-m", "pip", "config", "list"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a lock on the environment: of two processes that want it, one builds and the other waits."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("baseline", type=Path, help="folder with a lock.txt")
    parser.add_argument("cache", type=Path, help="folder of the environments")
    given = parser.parse_args()
    try:
        print(build(given.baseline, given.cache))
    except (Failure, OSError) as failure:
        print(f"error: {failure}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
