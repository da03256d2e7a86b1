"""A training of many steps that can be killed at any moment and goes on, to the same weights (needs torch)."""

import math
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from contract import Mistake, Progress
from torch import nn

WEIGHTS = "weights.pt"


def settle(seed: int, threads: int, device: str) -> torch.device:
    """Seed all generators, and return the device; Mistake if it is not there."""
    if device == "cuda" and not torch.cuda.is_available():
        raise Mistake("--device cuda: this environment's torch sees no GPU")
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    return torch.device(device)


def checkpoint_of(out: Path) -> Path:
    """Beside the model folder and not inside: a workflow removes the outputs of a job that failed."""
    return out.parent / f".{out.name}.checkpoint.pt"


def run(
    name: str,
    step: Callable[[int], float],
    steps: int,
    *,
    module: nn.Module,
    optimizers: list[torch.optim.Optimizer],
    rng: np.random.Generator,
    checkpoint: Path,
    fingerprint: str,
    every: float = 60.0,
) -> None:
    """Call `step(0)` ... `step(steps - 1)`, each of which trains and returns the loss.

    Whatever changes between steps is in `module`, `optimizers`, `rng` and torch's own generators: all are saved
    every `every` seconds. A checkpoint of another training (`fingerprint`), or one that is damaged, is not used.
    """
    done = _resume(checkpoint, fingerprint, module, optimizers, rng)
    if done:
        print(f"{name}: goes on at step {done}", file=sys.stderr, flush=True)
    progress, saved = Progress(name, steps, done), time.monotonic()
    for number in range(done, steps):
        loss = step(number)
        if not math.isfinite(loss):
            raise Mistake(f"{name}: the loss is {loss} at step {number + 1}: the training has diverged")
        progress(number + 1, loss)
        if time.monotonic() - saved >= every:
            _save(checkpoint, fingerprint, number + 1, module, optimizers, rng)
            saved = time.monotonic()


def _save(
    path: Path,
    fingerprint: str,
    done: int,
    module: nn.Module,
    optimizers: list[torch.optim.Optimizer],
    rng: np.random.Generator,
) -> None:
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    state = {
        "fingerprint": fingerprint,
        "done": done,
        "module": module.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "rng": rng.bit_generator.state,
        "torch": torch.get_rng_state(),
        "cuda": cuda,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.writing")
    torch.save(state, temporary)
    os.replace(temporary, path)


def _resume(
    path: Path,
    fingerprint: str,
    module: nn.Module,
    optimizers: list[torch.optim.Optimizer],
    rng: np.random.Generator,
) -> int:
    state = _load(path)
    if state is None or state["fingerprint"] != fingerprint:
        return 0
    module.load_state_dict(state["module"])
    for optimizer, kept in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(kept)
    rng.bit_generator.state = state["rng"]
    torch.set_rng_state(state["torch"])
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda"])
    return int(state["done"])


def _load(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises a dozen kinds for a damaged file
        said = f"{path}: not usable, the training starts again ({type(error).__name__})"
        print(said, file=sys.stderr, flush=True)
        return None


def remove(checkpoint: Path) -> None:
    checkpoint.unlink(missing_ok=True)


def set_rate(optimizer: torch.optim.Optimizer, lr: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = lr


def dense(rows: Any, device: torch.device) -> torch.Tensor:
    """A sparse block of cells as a tensor [cell, gene]."""
    return torch.from_numpy(rows.toarray()).to(device)


def codes(values: np.ndarray, device: torch.device) -> torch.Tensor:
    return torch.from_numpy(np.asarray(values, np.int64)).to(device)


def save_weights(module: nn.Module, folder: Path) -> None:
    torch.save(module.state_dict(), folder / WEIGHTS)


def load_weights(module: nn.Module, folder: Path, device: torch.device) -> None:
    """Put the weights in, for prediction."""
    try:
        module.load_state_dict(torch.load(folder / WEIGHTS, map_location=device, weights_only=True))
    except Exception as error:  # torch.load raises a dozen kinds for a damaged file
        raise Mistake(f"{folder / WEIGHTS}: not the weights of this model: {error}") from error
    module.to(device).eval()


def predicted(block: Callable[[slice], torch.Tensor], cells: int, size: int = 1024) -> np.ndarray:
    """Stack what `block` predicts for each slice of rows, [cell, gene]."""
    with torch.no_grad():
        parts = [block(slice(first, min(first + size, cells))).cpu().numpy() for first in range(0, cells, size)]
    return np.concatenate(parts).astype(np.float32)
