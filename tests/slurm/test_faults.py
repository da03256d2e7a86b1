"""What goes wrong on a cluster, and that the same command then completes: one real training, disturbed."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import torch
import yaml

from tests.slurm.conftest import Cluster, configs, output, until
from tests.workflow.conftest import call, tiny

pytestmark = pytest.mark.slow
STEPS = 600
TARGET = "results/made-up/fsq/nb/vae-0/vae.pt"
ONE_THREAD = ["--set-threads", "train_vae=1"]  # so that it gets on where others work too
LOOKS = ["--slurm-init-seconds-before-status-checks", "6"]  # then at 22 and 48: most jobs here end by then
CHECKPOINTS = "results/made-up/fsq/nb/vae-0/checkpoints"


class Training:
    """One training on the cluster, in a folder that holds its inputs already."""

    def __init__(self, folder: Path, cluster: Cluster, config: Path):
        self.folder, self.cluster, self.config = folder, cluster, config

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        return self.cluster.snakemake(self.folder, *configs(self.config), *ONE_THREAD, *LOOKS, *arguments, "--", TARGET)

    def run(self, *arguments: object) -> int:
        return self.start(*arguments).wait(timeout=400)

    def jobs(self) -> list[str]:
        return self.cluster.jobs("train_vae", self.folder)

    def under_way(self) -> str:
        """Number of the job, once it has kept a first state."""
        until("a first checkpoint", lambda: list((self.folder / CHECKPOINTS).glob("*.pt")))
        return self.jobs()[0]

    def process(self, number: str) -> int:
        """The process of a job that trains."""
        lines = output("scontrol", "listpids", number).splitlines()[1:]
        pids = [int(line.split()[0]) for line in lines if int(line.split()[0]) > 0]
        commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") for pid in pids}
        (trains,) = [pid for pid, words in commands.items() if words[-2:-1] and words[-2].endswith(b".train_vae.py")]
        return trains

    def said(self, what: str) -> list[str]:
        """What the jobs wrote, over all attempts: the groups of a pattern, each once (a failed log is shown twice)."""
        logs = sorted((self.folder / "logs/slurm/rule_train_vae").rglob("*.log"), key=lambda path: int(path.stem))
        found = [found for log in logs for found in re.findall(what, log.read_text(), flags=re.MULTILINE)]
        return list(dict.fromkeys(found))

    def goes_on(self) -> list[int]:
        """Steps after which an attempt went on."""
        return [int(step) for step in self.said(r"^vae: goes on after step (\d+)")]

    def result(self) -> dict[str, bytes]:
        return result(self.folder)


@contextlib.contextmanager
def standing_still(pid: int):
    """Stop a process until SLURM, or the end of the block, lets it go on; what it is told meanwhile waits for it."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def result(folder: Path) -> dict[str, bytes]:
    """Every weight and the loss table, to the bit."""
    weights = torch.load(folder / TARGET, weights_only=True)["weights"]
    losses = (folder / TARGET).with_name("losses.csv").read_bytes()
    return {name: weight.numpy().tobytes() for name, weight in weights.items()} | {"losses": losses}


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("config") / "long.yaml"
    every = {"checkpoint_every": 10, "validate_every": 200, "log_every": 50}
    path.write_text(yaml.safe_dump({"vae": {"training": {"iterations": STEPS, **every}}}))
    return path


def with_inputs(folder: Path, here: Path) -> Path:
    """Copy what the training needs, with its times, so that nothing before it runs again."""
    shutil.copytree(here / "results", folder / "results", ignore=shutil.ignore_patterns("fsq", "baselines", "paper"))
    return folder


@pytest.fixture(scope="module")
def undisturbed(here, config, tmp_path_factory) -> dict[str, bytes]:
    """The weights and losses of the same training, run in one go."""
    folder = with_inputs(tmp_path_factory.mktemp("undisturbed"), here)
    run = call(folder, *tiny("demo.yaml"), config, *ONE_THREAD, "--", TARGET)
    assert run.returncode == 0, run.stderr[-3000:]
    return result(folder)


@pytest.fixture
def training(cluster, here, config, tmp_path):
    training = Training(with_inputs(tmp_path, here), cluster, config)
    yield training
    jobs = [job for job in training.jobs() if cluster.job(job)["JobState"] in ("RUNNING", "PENDING")]
    if jobs:
        output("scancel", *jobs)


def test_a_cancelled_job_goes_on_at_the_step_it_had_reached(training, undisturbed):
    run = training.start("--retries", "0")
    output("scancel", training.under_way())
    assert run.wait(timeout=200) != 0 and not (training.folder / TARGET).exists()
    (stopped,) = map(int, training.said(r"^WARNING: vae: SIGTERM: stops after step (\d+)"))
    assert training.run() == 0
    assert training.goes_on() == [stopped] and training.result() == undisturbed


def test_a_job_over_its_time_goes_on_in_a_retry(training, undisturbed):
    run = training.start()
    number = training.under_way()
    trains = training.process(number)
    output("scontrol", "update", f"JobId={number}", "TimeLimit=1")
    with standing_still(trains):  # or a fast machine is done before SLURM looks at its time, twice a minute
        until("the job ends", lambda: training.cluster.job(number)["JobState"] != "RUNNING", seconds=200)
    assert run.wait(timeout=400) == 0
    (stopped,) = map(int, training.said(r"^WARNING: vae: SIGTERM: stops after step (\d+)"))
    assert training.goes_on() == [stopped] and training.result() == undisturbed


def test_a_job_over_its_memory_gets_more_in_a_retry(training, undisturbed):
    run = training.start("--set-resources", "train_vae:gpu=1", "train_vae:slurm_partition=gpu",
                         "train_vae:mem_mb=500 * 4 ** (attempt - 1)")  # fmt: skip
    assert run.wait(timeout=400) == 0
    jobs = [training.cluster.job(number) for number in reversed(training.jobs())]
    assert [(job["JobState"], job["MinMemoryNode"]) for job in jobs] == [("FAILED", "500M"), ("COMPLETED", "2000M")]
    assert training.result() == undisturbed


def test_a_preempted_job_goes_on_under_its_number(training, undisturbed):
    run = training.start()
    number = training.under_way()
    urgent = output("sbatch", "--parsable", "--partition=urgent", "--gpus=4", "--output=/dev/null", "--wrap=sleep 3")
    until("the urgent job runs", lambda: training.cluster.job(urgent)["JobState"] in ("RUNNING", "COMPLETED"))
    assert run.wait(timeout=400) == 0
    assert training.jobs() == [number] and training.cluster.job(number)["Restarts"] == "1"
    assert len(training.goes_on()) == 1 and training.result() == undisturbed


def test_a_job_on_a_lost_node_goes_on_when_the_node_is_back(training, undisturbed):
    cluster = training.cluster
    run = training.start()
    number = training.under_way()
    # As when the power goes: who could still tell the controller first, then the job itself.
    watchers = output("pgrep", "-f", rf"^slurmstepd: \[{number}\.").split()
    processes = [line.split()[0] for line in output("scontrol", "listpids", number).splitlines()[1:]]
    for pid in (cluster.daemon("slurmd"), *map(int, watchers + processes)):
        if pid > 0 and Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGKILL)
    until("the node is down", lambda: "down" in output("sinfo", "--noheader", "--partition=gpu", "--format=%T"))
    output("slurmd", "-N", "node1", "-f", cluster.folder / "slurm.conf")
    assert run.wait(timeout=400) == 0
    assert training.jobs() == [number] and cluster.job(number)["Restarts"] == "1"
    assert len(training.goes_on()) == 1 and training.result() == undisturbed


def test_a_job_does_not_notice_that_the_controller_restarts(training, undisturbed):
    cluster = training.cluster
    run = training.start()
    number = training.under_way()
    os.kill(cluster.daemon("slurmctld"), signal.SIGKILL)
    time.sleep(5)
    output("slurmctld", "-f", cluster.folder / "slurm.conf")
    assert run.wait(timeout=400) == 0
    assert training.jobs() == [number] and cluster.job(number)["Restarts"] == "0"
    assert training.goes_on() == [] and training.result() == undisturbed


def test_snakemake_killed_and_started_again_does_not_train_twice(training, undisturbed):
    first = training.start()
    number = training.under_way()
    output("scontrol", "suspend", number)  # so that it is still under way when the second is
    first.kill()
    first.wait()
    assert training.run() != 0 and "--unlock" in (training.folder / "run.log").read_text()
    assert training.run("--unlock") == 0
    second = training.start()
    until("the second waits", lambda: training.said(r"^WARNING: (vae: waits for another attempt)"))
    output("scontrol", "resume", number)
    assert second.wait(timeout=400) == 0
    assert len(training.jobs()) == 2 and training.cluster.job(number)["JobState"] == "COMPLETED"
    assert training.said(rf"waits for another attempt in .*: SLURM job ({number}),") == [number]
    assert training.goes_on() == [STEPS] and training.result() == undisturbed


def test_a_full_disk_is_named_and_costs_no_step_that_was_kept(training, undisturbed, here, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs", small], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"needs a small disk: {mounted.stderr.strip()}")
    training.folder = with_inputs(small, here)
    try:
        run = training.start("--retries", "0")
        training.under_way()
        filler = small / "filler"
        subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=4k"], capture_output=True)  # until it is full
        os.truncate(filler, filler.stat().st_size - 50_000)  # room for the message, not for a state
        assert run.wait(timeout=200) != 0 and not (small / TARGET).exists()
        assert training.said(r"^error: .*cannot keep the state .*: (No space left on device); step \d+ is kept")
        filler.unlink()
        assert training.run() == 0
        assert training.goes_on()[-1] > 0 and training.result() == undisturbed
    finally:
        subprocess.run(["umount", "--lazy", small], check=True)
