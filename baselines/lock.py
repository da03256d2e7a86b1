"""Resolve the packages of every baseline; both files of its environment are written here, so that they cannot drift.

    python baselines/lock.py [NAME ...]      all folders with a requirements.in, or those named; needs uv

requirements.in    the packages wanted by name; `# python: 3.11 3.12` names the versions of Python (default 3.11)
lock.txt           exact versions of everything, for uv (environment.py)
environment.yaml   the same for conda deployments

Package indices are left out of what is written, and so are CUDA's libraries: torch pins those that its build needs.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BASELINES = Path(__file__).resolve().parent
CUDA = re.compile(r"(nvidia-|cuda-|triton==)")
PYTHON = "3.11"


def wanted_pythons(requirements: str) -> list[str]:
    found = re.search(r"^# python:(.+)$", requirements, re.MULTILINE)
    return found[1].split() if found else [PYTHON]


def resolve(folder: Path) -> list[str]:
    """Pins of all packages that `folder`'s requirements need, on every version of Python that it names."""
    pythons = wanted_pythons((folder / "requirements.in").read_text(encoding="utf-8"))
    found = _compile(folder, folder / "requirements.in", "--universal", "--python-version", pythons[0])
    pins = [line for line in found if not CUDA.match(line)]
    with tempfile.TemporaryDirectory() as temporary:
        written = Path(temporary) / "lock.txt"
        written.write_text(lock_text(pins, pythons), encoding="utf-8")
        for python in pythons:
            _compile(folder, written, "--python-version", python)
    return pins


def _compile(folder: Path, source: Path, *options: str) -> list[str]:
    command = ["uv", "pip", "compile", "--no-config", "--quiet", "--no-annotate", "--no-header", *options]
    # From the public index alone, whatever this machine serves: a lock of one machine's builds fits no other.
    local = ("UV_FIND_LINKS", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL")
    settings = {name: value for name, value in os.environ.items() if name not in local}
    settings |= {"UV_PYTHON_DOWNLOADS": "never", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    if shutil.which("uv", path=settings["PATH"]) is None:
        sys.exit("error: the program uv is not there: `pip install uv`")
    done = subprocess.run([*command, str(source)], env=settings, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"error: {folder.name} ({' '.join(options)}): {done.stderr.strip()}")
    return [line for line in done.stdout.splitlines() if line]


def lock_text(pins: list[str], pythons: list[str]) -> str:
    return "\n".join([f"# Written by baselines/lock.py, for Python {', '.join(pythons)}.", *pins, ""])


def environment_text(pins: list[str], pythons: list[str]) -> str:
    lines = ["# Written by baselines/lock.py.", "channels: [conda-forge]", "dependencies:", f"  - python={pythons[0]}"]
    return "\n".join([*lines, "  - pip", "  - pip:", *(f'      - "{pin}"' for pin in pins), ""])


def files(folder: Path, pins: list[str]) -> dict[str, str]:
    """Name -> text of all that is written into a baseline's folder."""
    pythons = wanted_pythons((folder / "requirements.in").read_text(encoding="utf-8"))
    return {"lock.txt": lock_text(pins, pythons), "environment.yaml": environment_text(pins, pythons)}


def pins_of(lock: str) -> list[str]:
    """The pins of a lock.txt."""
    return [line for line in lock.splitlines() if line and not line.startswith("#")]


def main() -> None:
    everything = sorted(path.parent.name for path in BASELINES.glob("*/requirements.in"))
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", help="baselines (default: all that have a requirements.in)")
    for name in parser.parse_args().names or everything:
        if name not in everything:
            sys.exit(f"error: {name!r} is no baseline with a requirements.in, expected {', '.join(everything)}")
        folder = BASELINES / name
        for file, text in files(folder, resolve(folder)).items():
            (folder / file).write_text(text, encoding="utf-8")
        print(f"{name}: {len(pins_of((folder / 'lock.txt').read_text(encoding='utf-8')))} packages")


if __name__ == "__main__":
    main()
