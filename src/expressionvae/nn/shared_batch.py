"""The processes that train one model together, as the model sees them: means over all their cells."""

import torch.distributed as dist
from torch import Tensor


def count() -> int:
    """Number of processes that share each batch; 1 unless a training was launched as several."""
    return dist.get_world_size() if dist.is_initialized() else 1


def mean(value: Tensor) -> Tensor:
    """Mean of a value over the processes, without a gradient; all of them must ask for it.

    A loss that divides by a number found in the batch divides by this: averaged over the processes, it is then the
    loss of the whole batch.
    """
    if count() == 1:
        return value
    total = value.detach().clone()
    dist.all_reduce(total)
    return total / count()
