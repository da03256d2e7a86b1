"""The states of one training between attempts: whole or absent, the last two, written by one attempt at a time."""

import contextlib
import fcntl
import io
import logging
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import torch

from expressionvae import plain
from expressionvae.files import UserError, damage, reason, remove_stale, require, written

log = logging.getLogger(__name__)

KEPT = 2  # a newest file that a broken disk damaged leaves the one before
# To end by a cluster's hand, by one's own, by a closed terminal, and before a job's last minute (SLURM's --signal).
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)


class Stopped(SystemExit):
    """The training was asked to end, and its state is kept. The exit code is EX_TEMPFAIL: try again."""

    def __init__(self) -> None:
        super().__init__(os.EX_TEMPFAIL)


class Checkpoints:
    """The states of one training, `{name}-{step}.pt` in a folder that other configs and versions may share.

    Args:
        folder: no declared output of a rule, since Snakemake deletes those when a job fails.
        name: a fingerprint of everything that the training depends on: what has another name is never taken up.
    """

    def __init__(self, folder: Path, name: str):
        self.folder, self.name = folder, name

    def save(self, step: int, state: dict[str, Any]) -> None:
        """Write the state after a step, then remove all but the last two.

        Raises:
            UserError: if the disk does not take it; the older states stay.
        """
        whole = io.BytesIO()  # torch's own writer hides why a disk refuses
        torch.save({**state, "name": self.name, "step": step}, whole)
        path = self.folder / f"{self.name}-{step:09d}.pt"
        try:
            with written(path) as temporary:
                temporary.write_bytes(whole.getbuffer())
        except OSError as error:
            kept = f"step {_step(self.paths()[0])} is kept" if self.paths() else "none is kept yet"
            raise UserError(f"{path}: cannot keep the state of step {step}: {error.strerror}; {kept}") from error
        for old in self.paths()[KEPT:]:
            old.unlink(missing_ok=True)

    def load(self, what: str, check: Callable[[dict[str, Any]], None] = lambda state: None) -> dict[str, Any] | None:
        """The newest whole state with its "step", or None; says what is taken up, and what is not and why.

        check: raises for a state that the training cannot go on from, which is then set aside as a damaged one is.
        """
        there = [path for path in self.folder.glob("*.pt") if not path.name.startswith(".")]
        others = sorted({path.stem.partition("-")[0] for path in there} - {self.name})
        if others:
            why = "of another config, data, code or version"
            log.info(f"{what}: not taken up, {why}: {', '.join(others)} in {self.folder}")
        for path in self.paths():
            try:
                state = self._whole(path)
                check(state)
            except MemoryError:
                raise
            except Exception as error:  # a damaged file raises a dozen kinds
                log.warning(
                    f"{what}: {path} is damaged ({reason(error)}): renamed to .damaged; the one before is tried",
                )
                path.rename(path.with_suffix(".damaged"))
                continue
            log.info(f"{what}: goes on after step {state['step']}, from {path}")
            return state
        return None

    def _whole(self, path: Path) -> dict[str, Any]:
        """The state in a file that is what was written under its name."""
        why = damage(path)
        require(why is None, why or "")
        state = plain.load(path)
        require(isinstance(state, dict), f"it holds a {type(state).__name__}")
        require(state["name"] == self.name, f"it holds the state of {state['name']!r}")
        require(state["step"] == _step(path), f"it holds the state after step {state['step']}")
        return state

    def paths(self) -> list[Path]:
        """Files of this training, the newest first."""
        return sorted(self.folder.glob(f"{self.name}-{'[0-9]' * 9}.pt"), reverse=True)

    @contextlib.contextmanager
    def locked(self, what: str, interval: float = 2.0) -> Iterator[list[int]]:
        """Hold the folder; wait, saying for whom, while another attempt does (snakemake killed and started again).

        Yields:
            the signals to stop that have come in: empty as long as none has.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "lock", "a+", encoding="utf-8") as file, stopping() as asked:
            said = False
            while (held := _lock(file)) is False:
                if not said:
                    file.seek(0)
                    log.warning(f"{what}: waits for another attempt in {self.folder}: {file.read().strip()}")
                    said = True
                if asked:
                    raise Stopped
                time.sleep(interval)
            if said:
                log.info(f"{what}: the other attempt has ended")
            file.truncate(0)
            file.write(f"{_whoami()}\n")
            file.flush()
            remove_stale(self.folder, rf"{re.escape(self.name)}-\d+\.pt", alone=held is True)
            yield asked  # the lock goes with the file, also when the process is killed


@contextlib.contextmanager
def stopping() -> Iterator[list[int]]:
    """A list that fills with the `SIGNALS` instead of their ending the process; one ignored (nohup) stays so."""
    received: list[int] = []
    former = {}
    with contextlib.suppress(ValueError):  # outside the main thread signals are not ours
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                former[number] = signal.signal(number, lambda number, _: received.append(number))
    try:
        yield received
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _lock(file: IO[str]) -> bool | None:
    """Whether the lock is held now; None where there are none."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        # Two attempts then may both train; each file is still whole, since it is renamed into place.
        log.warning(f"{file.name}: this file system has no locks ({error.strerror})")
        return None
    return True


def _whoami() -> str:
    job = os.environ.get("SLURM_JOB_ID")
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    return f"{f'SLURM job {job}, ' if job else ''}process {os.getpid()} on {socket.gethostname()} since {since}"


def _step(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])
