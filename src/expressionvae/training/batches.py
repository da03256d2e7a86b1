"""Batches of training data on the device, without the device waiting for them."""

import zlib
from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor

from expressionvae.data.cells import Cells
from expressionvae.data.compact import CELLS
from expressionvae.tensors import Counts, SizeFactor

SHARE = 0.25  # of the device's free memory that training data may take; the rest is the model's
INTEGERS = (torch.uint8, torch.int16, torch.int32)  # for which torch has all operations on every device


def fits(size: int, device: torch.device) -> bool:
    """Whether data of so many bytes may stay on the device: never on a CPU, where that would make sparse data dense."""
    return device.type == "cuda" and size <= SHARE * torch.cuda.mem_get_info(device)[0]


def to_device(values: Tensor, device: torch.device) -> Tensor:
    """A copy on the device that the host does not wait for, so that it makes the next batch while the GPU computes."""
    return values.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else values.to(device)


class CellBatches:
    """Counts and size factors of cells of given indices, on the device.

    All counts stay on a GPU where they fit as dense integers (a million cells x 2,000 genes: 4 GB); else each batch
    is made dense on the host. The numbers are the same.
    """

    def __init__(self, cells: Cells, device: torch.device):
        self.cells, self.device = cells, device
        self.counts = dense(cells, device) if fits(cells.counts.dense_bytes, device) else None
        self.size_factor = torch.from_numpy(cells.size_factor).to(device)

    def checksum(self) -> int:
        """Of counts and size factors, for fingerprints."""
        return self.cells.checksum()

    def __call__(self, indices: Tensor) -> tuple[Counts, SizeFactor]:
        if self.counts is None:
            counts, size_factor = map(torch.from_numpy, self.cells.batch(indices.numpy()))
            return to_device(counts, self.device), to_device(size_factor, self.device)
        there = to_device(indices, self.device)
        return self.counts[there].float(), self.size_factor[there]


def dense(cells: Cells, device: torch.device) -> Tensor:
    """All counts on the device [cell gene], in the integers of the store; the host holds some thousands at a time."""
    kind = torch.from_numpy(cells.counts.data[:0]).dtype
    counts = torch.empty((len(cells), len(cells.genes)), dtype=kind, device=device)
    for some in torch.arange(len(cells)).split(CELLS):
        counts[some[0] : some[-1] + 1] = torch.from_numpy(cells.counts.dense(some.numpy(), cells.counts.data.dtype))
    return counts


class TensorBatches:
    """Rows of given indices of some columns of equal length, on the device; integers come as int64."""

    def __init__(self, columns: Sequence[Tensor], device: torch.device):
        self.device = device
        columns = [compact(column).contiguous() for column in columns]
        self._checksum = reduce(lambda sum_, column: zlib.crc32(column.numpy().tobytes(), sum_), columns, 0)
        self.resident = fits(sum(column.nbytes for column in columns), device)
        self.columns = [column.to(device) for column in columns] if self.resident else columns

    def checksum(self) -> int:
        """Of all columns, for fingerprints."""
        return self._checksum

    def __call__(self, indices: Tensor) -> list[Tensor]:
        rows = to_device(indices, self.device) if self.resident else indices
        found = [column[rows] for column in self.columns]
        if not self.resident:
            found = [to_device(rows, self.device) for rows in found]
        return [rows if rows.is_floating_point() else rows.long() for rows in found]


def compact(column: Tensor) -> Tensor:
    """Integers (0 or more) in the smallest type that holds them; other numbers as they are."""
    if column.is_floating_point() or not column.numel():
        return column
    return column.to(next(kind for kind in INTEGERS if int(column.max()) <= torch.iinfo(kind).max))
