"""Fresh processes that compete for the cores end in equal bits."""

import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

PROCESSES, AT_ONCE, THREADS = 20, 6, 2  # on two cores: six jobs of two threads each, as where this was seen to fail


def digests(folder: Path) -> tuple[str, ...]:
    """What one process ends in: a digest of its embeddings and one of its weights."""
    asked = {name: value for name, value in os.environ.items() if name not in ("MKL_CBWR", "OPENBLAS_NUM_THREADS")}
    asked |= {"OMP_NUM_THREADS": str(THREADS), "MKL_NUM_THREADS": str(THREADS)}  # as Snakemake does
    asked |= {"OMP_WAIT_POLICY": "passive"}  # a thread that waits sleeps: twelve that spin on two cores take minutes
    command = [sys.executable, "-m", "tests.training.bits", str(THREADS), str(folder)]
    run = subprocess.run(command, cwd=REPOSITORY, env=asked, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    (line,) = (line for line in run.stdout.splitlines() if line.startswith("bits "))
    return tuple(line.split()[1:])


@pytest.mark.slow
def test_embeddings_and_weights_of_fresh_processes_under_load_are_equal_to_the_bit(tmp_path):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = Counter(pool.map(digests, (tmp_path / str(number) for number in range(PROCESSES))))
    assert len(found) == 1, f"{len(found)} results of {PROCESSES} processes: {found}"
