"""How sums are added up, so that the same seed gives the same bits on the same machine.

Standard library only: what is asked for here must stand before numpy and torch do their first sum.
"""

import os
import platform
import sys
from pathlib import Path
from typing import Any

# MKL multiplies torch's matrices. Left alone it may add up in another order from one process to the next; this mode
# fixes the order, and on Intel's AVX2 and AVX-512 makes products the same for any number of threads (STRICT).
# https://www.intel.com/content/www/us/en/docs/onemkl/developer-guide-linux/2024-2/specifying-code-branches.html
MKL = "AUTO,STRICT"
VARIABLES = ("MKL_CBWR", "OPENBLAS_NUM_THREADS")


def make_reproducible() -> None:
    """Ask for reproducible arithmetic in this process and in those that it starts, before numpy and torch are loaded.

    A user's own MKL_CBWR stays (COMPATIBLE is slower and the same on more kinds of CPU). OpenBLAS, numpy's and
    scipy's, has no such mode and adds up by its threads, of which it gets one.
    """
    os.environ.setdefault("MKL_CBWR", MKL)
    os.environ["OPENBLAS_NUM_THREADS"] = "1"


def record() -> dict[str, Any]:
    """What the bits of a result depend on beside code, config and seeds: the processor, torch's threads, the modes."""
    told: dict[str, Any] = {"processor": _processor()}
    torch = sys.modules.get("torch")  # what does not compute with torch need not load it
    if torch is not None:
        told["threads"] = torch.get_num_threads()
        if torch.cuda.is_available():
            told["gpu"] = torch.cuda.get_device_name()
    return told | {name: os.environ.get(name, "") for name in VARIABLES}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
