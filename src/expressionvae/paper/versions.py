"""What the results were made with: Python, this package's commit, and every package that it asks for."""

import platform
import re
from importlib import metadata

import pandas as pd

from expressionvae.provenance import PACKAGES, commit


def table() -> pd.DataFrame:
    """Columns name and version: Python, the commit, then each direct dependency as it is installed here."""
    try:
        asked = [
            requirement for requirement in metadata.requires("expressionvae") or [] if "extra ==" not in requirement
        ]
    except metadata.PackageNotFoundError:  # run from a checkout that is not installed
        asked = list(PACKAGES)
    found = [re.split(r"[^A-Za-z0-9_.-]", name)[0] for name in asked]
    names = sorted({name for name in found if name != "expressionvae"}, key=str.lower)
    rows = [("Python", platform.python_version()), ("expressionvae (commit)", commit())]
    rows += [(name, _version(name)) for name in names]
    return pd.DataFrame(rows, columns=["name", "version"])


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def markdown(versions: pd.DataFrame) -> str:
    caption = "**Versions.** What the tables and figures were last made with. Each file of predicted cells and each "
    caption += "model keeps the versions, the commit and the seeds that it was made with itself."
    rows = [f"| {name} | {version} |" for name, version in versions.itertuples(index=False)]
    return "\n".join([caption, "", "| Package | Version |", "| :-- | :-- |", *rows]) + "\n"
