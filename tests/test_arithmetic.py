"""The same seed gives the same bits on the same machine: what is asked of MKL and OpenBLAS, and by whom."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from expressionvae import arithmetic
from tests.conftest import REPOSITORY

SCRIPTS = sorted((REPOSITORY / "workflow" / "scripts").glob("*.py"))
LIGHT = {"expressionvae.console", "expressionvae.files"}  # of the standard library alone
WITHOUT = ("MKL_CBWR", "OPENBLAS_NUM_THREADS")


def run(code: str, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """A process in which nobody has asked for anything, unless `variables` do."""
    environment = {name: value for name, value in os.environ.items() if name not in WITHOUT} | variables
    environment["PYTHONPATH"] = str(REPOSITORY)
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, env=environment)


JOB = """
import sys
from expressionvae.console import reporting
with reporting(sys.argv[1]):
    import torch
    from expressionvae import arithmetic
    from expressionvae.training.device import use_threads
    use_threads(2)
    _ = torch.ones(300, 300) @ torch.ones(300, 300)
    print(arithmetic.record())
    print([row["num_threads"] for row in __import__("threadpoolctl").threadpool_info() if row["user_api"] == "blas"])
"""


@pytest.fixture(scope="module")
def job(tmp_path_factory) -> list[str]:
    """What a job prints that was given two threads, as Snakemake gives them."""
    log = tmp_path_factory.mktemp("job") / "log"
    told = run(JOB, log, MKL_VERBOSE="1", OPENBLAS_NUM_THREADS="2", OMP_NUM_THREADS="2")
    assert told.returncode == 0, told.stderr
    return told.stdout.splitlines()


def test_a_job_s_matrix_products_are_made_in_the_reproducible_mode(job):
    calls = [line for line in job if line.startswith("MKL_VERBOSE") and "GEMM" in line]
    if not calls:
        pytest.skip("this torch multiplies matrices without MKL")
    assert all("CNR:AUTO,STRICT" in line for line in calls)


def test_numpy_s_blas_has_one_thread_whatever_the_job_has(job):
    (threads,) = (ast.literal_eval(line) for line in job if line.startswith("["))
    assert threads and set(threads) == {1}


def test_what_a_result_depends_on_is_recorded(job):
    (told,) = (ast.literal_eval(line) for line in job if line.startswith("{"))
    assert told.keys() >= {"processor", "threads", "MKL_CBWR", "OPENBLAS_NUM_THREADS"}
    assert (told["threads"], told["MKL_CBWR"], told["OPENBLAS_NUM_THREADS"]) == (2, "AUTO,STRICT", "1")


def test_a_user_s_own_mode_stays(monkeypatch):
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    arithmetic.make_reproducible()
    assert os.environ["MKL_CBWR"] == "COMPATIBLE"


def test_where_nobody_asks_the_mode_is_reproducible(monkeypatch):
    monkeypatch.delenv("MKL_CBWR", raising=False)
    arithmetic.make_reproducible()
    assert os.environ["MKL_CBWR"] == "AUTO,STRICT"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_no_script_loads_a_library_before_the_arithmetic_is_settled(script: Path):
    early = []
    for statement in ast.parse(script.read_text()).body:
        if isinstance(statement, ast.With):
            assert ast.unparse(statement.items[0].context_expr).startswith("reporting("), script
            break
        if isinstance(statement, ast.Import):
            early += [alias.name for alias in statement.names]
        if isinstance(statement, ast.ImportFrom):
            early.append(statement.module or "")
    else:
        raise AssertionError(f"{script} is not under `reporting`")
    assert {name for name in early if name.split(".")[0] not in sys.stdlib_module_names} <= LIGHT


def test_reporting_itself_loads_nothing_that_adds_up():
    told = run(
        "import sys, expressionvae.console as _; print({'numpy', 'torch', 'scipy', 'pandas'} & set(sys.modules))"
    )
    assert told.stdout == "set()\n", told.stderr
