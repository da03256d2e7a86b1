"""One training on several devices: torchrun's engine starts the running script again, once for each device.

Across nodes, the command of the resource `mpi` (Snakemake's word for a starter such as srun) first starts the script
once for each task, and each of those starts its share of the processes.
https://docs.pytorch.org/docs/stable/elastic/run.html
"""

import logging
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile

import torch

from expressionvae.console import LAUNCHED
from expressionvae.files import UserError
from expressionvae.training import processes
from expressionvae.training.checkpoints import SIGNALS as STOPPING
from expressionvae.training.device import use_threads

log = logging.getLogger(__name__)

SIGNALS = tuple(number.name for number in STOPPING)  # passed on
SECONDS = 100  # that processes have to end after such a signal, within the two minutes that a cluster gives


def start_on_each_device(devices: int, threads: int, *, tasks: int = 1, starter: str | None = None) -> None:
    """Return in a process that trains; one that starts others stays here, then ends with their exit code.

    Args:
        devices: processes that share each batch, each with a GPU of its own where there are GPUs.
        threads: of torch, in each process.
        tasks: launchers, one a node; each starts devices / tasks processes.
        starter: command that starts tasks, as in `srun` or `mpiexec`; -n and their number are put after it.

    Raises:
        UserError: if devices, tasks and what the machine has do not fit.
    """
    if devices == 1:
        return use_threads(threads)
    here = _check(devices, tasks, starter)
    if "LOCAL_RANK" in os.environ and LAUNCHED in os.environ:
        use_threads(threads)
        return processes.join()
    if tasks > 1 and LAUNCHED not in os.environ:
        os.environ[LAUNCHED] = f"{socket.gethostname()}:{_free_port()}"
        raise SystemExit(_start_tasks([*shlex.split(starter or ""), "-n", str(tasks), sys.executable, *sys.argv]))
    os.environ.setdefault(LAUNCHED, "localhost:0")
    raise SystemExit(_start_processes(here, tasks))


def _check(devices: int, tasks: int, starter: str | None) -> int:
    """Number of processes of this task."""
    if devices % tasks:
        raise UserError(f"devices: {devices} cannot be shared among {tasks} tasks (the resource `tasks`)")
    if tasks > 1 and not starter:
        raise UserError(f"{tasks} tasks need the resource `mpi`, the command that starts them, such as srun")
    here, gpus = devices // tasks, torch.cuda.device_count()
    if torch.cuda.is_available() and gpus < here:
        raise UserError(f"devices: {here} processes of this task need a GPU each, but it has {gpus}: ask for more")
    return here


def _start_processes(count: int, tasks: int) -> int:
    # Most trainings have one device, and need not wait for these imports.
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    endpoint = os.environ[LAUNCHED]
    with tempfile.TemporaryDirectory() as logs:
        config = LaunchConfig(
            min_nodes=tasks, max_nodes=tasks, nproc_per_node=count,
            run_id=endpoint, rdzv_backend="c10d", rdzv_endpoint=endpoint,
            max_restarts=0, signals_to_handle=",".join(SIGNALS), shutdown_timeout=SECONDS,
            logs_specs=DefaultLogsSpecs(log_dir=logs),
        )  # fmt: skip
        try:
            elastic_launch(config, sys.executable)(*sys.argv)
        except SignalException:
            return os.EX_TEMPFAIL
        except ChildFailedError as error:
            codes = {rank: failure.exitcode for rank, failure in error.failures.items()}
            ended = ", ".join(f"process {rank} with code {code}" for rank, code in codes.items())
            log.warning(f"the training ended: {ended}")
            return os.EX_TEMPFAIL if os.EX_TEMPFAIL in codes.values() else 1
    return 0


def _start_tasks(command: list[str]) -> int:
    process = subprocess.Popen(command)
    for name in SIGNALS:
        signal.signal(getattr(signal, name), lambda number, _: process.send_signal(number))
    return process.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("", 0))
        return free.getsockname()[1]
