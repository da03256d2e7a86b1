"""The device that a training runs on: which, with how many threads, in which precision, compiled or not."""

from contextlib import AbstractContextManager

import torch
from torch import nn


def best_device() -> torch.device:
    """The GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def use_threads(threads: int) -> None:
    """Let torch add up in this many threads, and in an order that does not change from one process to the next.

    Sums over another number of threads differ in their last digits: the number is the config's, whatever cores a job
    has. A GPU is left to its own fastest order.
    """
    torch.set_num_threads(threads)
    if not torch.cuda.is_available():
        torch.use_deterministic_algorithms(True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # costs time, and changes no defined number


def precision(device: torch.device) -> AbstractContextManager:
    """bf16 where a GPU multiplies it fast, float32 on a CPU."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda")


def compile_for(device: torch.device, mode: str | None, *modules: nn.Module) -> None:
    """Let torch.compile speed up the forward of modules, in place and on a GPU alone; what it cannot do runs as it is.

    Args:
        mode: of torch.compile; "reduce-overhead" replays CUDA graphs, for models whose kernels take less time than
            their launches. None: nothing is compiled.
    """
    if mode is None or device.type != "cuda":
        return
    torch._dynamo.config.suppress_errors = True  # a cluster without a C compiler trains all the same, slower
    for module in modules:
        module.compile(mode=mode)


def devices(device: torch.device) -> list[int]:
    return [torch.cuda.current_device()] if device.type == "cuda" else []
