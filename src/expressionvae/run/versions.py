"""What the results were made with: Python, the commit, every package that this one asks for, how sums are added."""

import platform
import re
from importlib import metadata

import pandas as pd

from expressionvae import arithmetic
from expressionvae.provenance import PACKAGES, commit
from expressionvae.writing.markdown import document, pipe_table


def table(threads: int) -> pd.DataFrame:
    """Columns name and version: Python, the commit, each direct dependency as it is installed here, the arithmetic.

    threads: of networks on CPUs (config key `threads`).
    """
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
    told = arithmetic.record()
    rows += [("threads of networks on CPUs", str(threads)), *((name, told[name]) for name in arithmetic.VARIABLES)]
    return pd.DataFrame(rows, columns=["name", "version"])


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def markdown(versions: pd.DataFrame) -> str:
    caption = "**Versions.** What the tables and figures were last made with. Each file of predicted cells and each "
    caption += "model keeps the versions, the commit, the seeds, the processor and the "
    caption += "number of threads that it was made with itself."
    return document(caption, pipe_table(["Package", "Version"], versions.to_numpy().tolist(), left=2))
