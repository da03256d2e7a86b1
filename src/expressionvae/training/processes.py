"""What the processes of one training exchange, beside the gradients that DistributedDataParallel averages."""

import os
import sys
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from expressionvae.files import UserError
from expressionvae.nn import shared_batch

# The first process may wait for another attempt's training, and the others for it. A process that ends is noticed at
# once whatever this is.
PATIENCE = timedelta(days=30)


def join() -> None:
    """Enter the group of the processes that a launcher started, each with a GPU of its own where there are GPUs."""
    gpu = torch.cuda.is_available()
    if gpu:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if gpu else "gloo")


def leave() -> None:
    """Leave the group once the training is over; the first process goes on, the others end here."""
    if not dist.is_initialized():
        return
    first = dist.get_rank() == 0
    dist.destroy_process_group()
    if not first:
        sys.exit()


class Processes:
    """The processes that share one training, seen from one of them: one alone unless `join` has been called.

    Every method must be called by all of them, in the same order.
    """

    def __init__(self) -> None:
        self.count = shared_batch.count()
        self.rank = dist.get_rank() if self.count > 1 else 0
        self.group: Any = dist.new_group(backend="gloo", timeout=PATIENCE) if self.count > 1 else None

    @property
    def first(self) -> bool:
        """Whether this one writes what is written once: checkpoints, loss table, progress."""
        return self.rank == 0

    def wrap(self, model: nn.Module, device: torch.device) -> nn.Module:
        """The model whose backward pass averages the gradients over the processes; its weights become the first's.

        Raises:
            UserError: if the model normalises over the cells of a batch, which torch shares between GPUs only.
        """
        if self.count == 1:
            return model
        if any(isinstance(module, nn.BatchNorm1d) for module in model.modules()):
            if device.type != "cuda":
                raise UserError(
                    f"devices: {self.count} processes on CPUs cannot share a batch norm; it needs GPUs, "
                    "or devices: 1, or bottlenecks.*.normalise: false"
                )
            nn.SyncBatchNorm.convert_sync_batchnorm(model)  # in place, with the same parameters
        return DistributedDataParallel(model, broadcast_buffers=False)

    def share(self, cells: Tensor) -> Tensor:
        """The cells of a batch that are this one's to do."""
        return cells.view(self.count, -1)[self.rank]

    def largest(self, number: int) -> int:
        """The largest of the processes' numbers."""
        if self.count == 1:
            return number
        value = torch.tensor(number)
        dist.all_reduce(value, dist.ReduceOp.MAX, group=self.group)
        return int(value)

    def means(self, rows: list[dict[str, float]]) -> list[dict[str, float]]:
        """Rows of numbers, each averaged over the processes."""
        if self.count == 1 or not rows:
            return rows
        values = torch.tensor([list(row.values()) for row in rows], dtype=torch.float64)
        dist.all_reduce(values, group=self.group)
        return [
            dict(zip(row, mean, strict=True)) for row, mean in zip(rows, (values / self.count).tolist(), strict=True)
        ]

    def gather(self, value: Any) -> list[Any]:
        """The values of all, by rank; at the first only, the others get nothing."""
        if self.count == 1:
            return [value]
        values = [None] * self.count if self.first else None
        dist.gather_object(value, values, group=self.group)
        return values or []

    def spread(self, value: Any) -> Any:
        """What the first has."""
        if self.count == 1:
            return value
        values = [value]
        dist.broadcast_object_list(values, group=self.group)
        return values[0]
