"""Where a result comes from: a fingerprint of what it depends on, versions, commit."""

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from expressionvae import arithmetic

PACKAGES = ("expressionvae", "torch", "numpy", "anndata", "scipy", "scikit-learn", "snakemake")


def fingerprint(*parts: Any) -> str:
    """A short hash of plain data and arrays, the same on every machine."""
    digest = hashlib.sha256()
    for part in parts:
        array = hasattr(part, "tobytes")
        digest.update(part.tobytes() if array else json.dumps(part, sort_keys=True).encode())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def source(*packages: str) -> str:
    """A short hash of the code of some packages of this library, such as "nn": for what must not outlive a change."""
    library = Path(__file__).parent
    files = sorted(file for package in packages for file in (library / package).rglob("*.py"))
    return fingerprint({str(file.relative_to(library)): file.read_text(encoding="utf-8") for file in files})


def describe(config: Mapping[str, Any], **seeds: int) -> dict[str, Any]:
    """What is written into the `uns` of predicted cells and beside trained weights."""
    return {
        "config_hash": fingerprint(config),
        "commit": commit(),
        "seeds": {name: int(seed) for name, seed in seeds.items()},
        "versions": {name: _version(name) for name in PACKAGES},
        "arithmetic": arithmetic.record(),
    }


def commit() -> str:
    """Commit of the checkout that this package runs from; "unknown" outside a checkout, "+changes" when it is dirty.

    An archive that was unpacked inside another repository, or a package in an environment there, is no checkout.
    """
    file = Path(__file__).resolve()
    top = file.parents[2]  # beside src/
    try:
        _git(top, "ls-files", "--error-unmatch", str(file.relative_to(top)))
        if Path(_git(top, "rev-parse", "--show-toplevel")).resolve() != top:
            return "unknown"
        return _git(top, "describe", "--always", "--abbrev=40", "--dirty=+changes")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(folder: Path, *arguments: str) -> str:
    # What a hook of another repository sets (GIT_DIR, ...) would have git look there.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    run = ["git", "-C", str(folder), *arguments]
    return subprocess.run(run, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"
