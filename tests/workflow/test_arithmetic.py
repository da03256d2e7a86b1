"""Every rule's process is asked for reproducible arithmetic, also where it loads nothing of ours."""

import os
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY

pytestmark = pytest.mark.slow
FOREIGN = """
include: "{repository}/Snakefile"

rule foreign:
    output: "told"
    threads: 2
    shell: "echo $MKL_CBWR $OMP_NUM_THREADS > {{output}}"
"""


@pytest.mark.parametrize(("asked", "told"), [({}, "AUTO,STRICT 2\n"), ({"MKL_CBWR": "COMPATIBLE"}, "COMPATIBLE 2\n")])
def test_a_rule_of_others_gets_the_mode_and_keeps_its_threads(tmp_path, asked, told):
    for name in ("config", "workflow", "resources", "baselines"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    (tmp_path / "Snakefile").write_text(FOREIGN.format(repository=REPOSITORY))
    environment = {name: value for name, value in os.environ.items() if name != "MKL_CBWR"} | asked
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "config/demo.yaml", "--", "told"]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-3000:]
    assert (tmp_path / "told").read_text() == told
