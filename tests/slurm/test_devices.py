"""One training shared by two tasks that SLURM starts."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.slurm.conftest import Cluster, configs
from tests.slurm.test_faults import ONE_THREAD, TARGET, with_inputs
from tests.workflow.conftest import call, tiny

pytestmark = pytest.mark.slow
# What profiles/slurm/config.yaml says of several nodes; this cluster has one, which gets both tasks.
TASKS = ["gpu=2", "tasks=2", "tasks_per_gpu=0", "mpi=srun", "slurm_partition=gpu", "mem_mb=8000"]


def test_two_tasks_train_what_one_process_does(cluster: Cluster, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    one, two = (config(tmp_path / f"{devices}.yaml", devices) for devices in (1, 2))
    run = call(here, *tiny("demo.yaml"), one, *ONE_THREAD, "--", TARGET)
    assert run.returncode == 0, run.stderr[-3000:]
    with_inputs(there, here)
    asked = ["--set-resources", *(f"train_vae:{resource}" for resource in TASKS)]
    job = cluster.snakemake(there, *configs(two), *ONE_THREAD, *asked, "--", TARGET)
    assert job.wait(timeout=300) == 0, (there / "run.log").read_text()[-3000:]
    (number,) = cluster.jobs("train_vae", there)
    assert cluster.job(number)["NumTasks"] == "2"
    local, shared = (pd.read_csv((folder / TARGET).with_name("losses.csv")) for folder in (here, there))
    pd.testing.assert_frame_equal(local, shared, rtol=1e-4)


def config(path: Path, devices: int) -> Path:
    path.write_text(yaml.safe_dump({"vae": {"devices": devices}, "bottlenecks": {"fsq": {"normalise": False}}}))
    return path
