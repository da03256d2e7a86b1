"""Counts in the smallest integers that hold them, in memory or memory-mapped, read as dense batches of any cells."""

import os
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Integer
from numpy import ndarray

from expressionvae.files import UserError

INTEGERS = (np.uint8, np.int16, np.int32)  # torch has operations for these on every device, unlike uint16
MOST_BYTES = 2_000_000_000  # held in memory; the paper's larger screen has 400 million values of 4 bytes
STEP = 4_000_000  # values dealt with at a time where all are visited
CELLS = 4096  # the same in cells


@runtime_checkable
class CSR(Protocol):
    """What is taken of a scipy CSR matrix [cell gene], which a machine that trains may not have."""

    shape: Any
    nnz: Any
    data: Any
    indices: Any
    indptr: Any


@dataclass(frozen=True)
class Compact:
    """Rows of a sparse matrix [cell gene], as CSR without scipy's rule that indices be int32.

    Attributes:
        ends: end of each cell's values, 0 first [cell + 1].
        indices: gene of each value.
        data: the values, of the smallest of `INTEGERS` that holds the largest: nothing is cut.
        genes: number of genes.
    """

    ends: Integer[ndarray, "ends"]
    indices: Integer[ndarray, "value"]
    data: Integer[ndarray, "value"]
    genes: int

    @classmethod
    def empty(
        cls, values: int, largest: int, genes: int, folder: str | Path, most_bytes: int = MOST_BYTES
    ) -> "Compact":
        """Room for so many values: in memory, or where that is too much in a nameless file in a folder.

        Raises:
            UserError: if the disk has no room.
        """
        index, kind = np.dtype(np.uint16 if genes <= 2**16 else np.int32), smallest(largest)
        if values * (index.itemsize + kind.itemsize) <= most_bytes:
            return cls(np.zeros(1, np.int64), np.empty(values, index), np.empty(values, kind), genes)
        indices, data = (mapped(Path(folder), values, dtype) for dtype in (index, kind))
        return cls(np.zeros(1, np.int64), indices, data, genes)

    @classmethod
    def of(cls, counts: CSR) -> "Compact":
        """The counts of a matrix that is in memory."""
        genes = counts.shape[1]
        room = cls.empty(counts.nnz, int(counts.data.max(initial=0)), genes, ".", most_bytes=2**63)
        return room.filled(iter([counts]))

    def filled(self, blocks: Iterator[CSR]) -> "Compact":
        """Take the values of blocks of cells, which together must fill the room."""
        ends, at = [np.zeros(1, np.int64)], 0
        for block in blocks:
            here = slice(at, at + block.nnz)
            self.indices[here], self.data[here] = block.indices, block.data
            ends.append(at + block.indptr[1:].astype(np.int64))
            at += block.nnz
        assert at == len(self.data), (at, len(self.data))
        return Compact(np.concatenate(ends), self.indices, self.data, self.genes)

    def __len__(self) -> int:
        return len(self.ends) - 1

    @property
    def dense_bytes(self) -> int:
        """Size of all cells as one dense array of `data`'s integers."""
        return len(self) * self.genes * self.data.itemsize

    def dense(self, cells: Integer[ndarray, "cell"], dtype: type | np.dtype) -> Integer[ndarray, "cell gene"] | ndarray:
        """The counts of some cells."""
        starts, ends = self.ends[cells], self.ends[cells + 1]
        counts = np.zeros((len(cells), self.genes), dtype)
        if len(cells):
            # One slice a cell: a memory-mapped file is then read cell by cell, each in one piece.
            cuts = [slice(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
            at = np.repeat(np.arange(len(cells)) * self.genes, ends - starts)
            at += np.concatenate([self.indices[cut] for cut in cuts])
            counts.ravel()[at] = np.concatenate([self.data[cut] for cut in cuts])
        return counts

    def sums(self) -> ndarray:
        """Sum of each cell's counts [cell], float32."""
        sums = np.zeros(len(self), np.float32)
        for first in range(0, len(self), CELLS):
            ends = self.ends[first : first + CELLS + 1]
            of_cell = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
            sums[first : first + CELLS] = np.bincount(of_cell, self.data[ends[0] : ends[-1]], len(ends) - 1)
        return sums

    def checksum(self) -> int:
        """A checksum, for fingerprints; a page of the file at a time."""
        value = zlib.crc32(self.ends.data)
        for part in (self.indices, self.data):
            for first in range(0, len(part), STEP):
                value = zlib.crc32(part[first : first + STEP].data, value)
        return value


def smallest(largest: int) -> np.dtype:
    """The smallest of `INTEGERS` that holds a count.

    Raises:
        UserError: if none does.
    """
    for kind in INTEGERS:
        if largest <= np.iinfo(kind).max:
            return np.dtype(kind)
    raise UserError(f"a count of {largest:,} is larger than any that can be held ({np.iinfo(np.int32).max:,})")


def mapped(folder: Path, values: int, dtype: np.dtype) -> ndarray:
    """An array in a file without a name, which goes when the process does, however it ends.

    Raises:
        UserError: if the disk has no room.
    """
    size = values * dtype.itemsize
    with tempfile.TemporaryFile(dir=os.environ.get("TMPDIR") or folder) as file:
        try:
            os.posix_fallocate(file.fileno(), 0, size)  # a hole in a full disk would kill the process at a write
        except OSError as error:
            raise UserError(
                f"{os.environ.get('TMPDIR') or folder}: {error.strerror}: {size / 1e9:.1f} GB are needed there while "
                "the training cells are read; free some, or set TMPDIR to another disk"
            ) from error
        # Not as memmap, whose slices cost ten times those of a plain array.
        return np.asarray(np.memmap(file, dtype, "r+", shape=(values,)))
