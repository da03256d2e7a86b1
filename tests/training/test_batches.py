import numpy as np
import pytest
import torch
from scipy import sparse

from expressionvae.data.cells import Cells
from expressionvae.data.compact import Compact
from expressionvae.training import batches
from expressionvae.training.batches import CellBatches, TensorBatches

CPU = torch.device("cpu")
COUNTS = np.random.default_rng(0).poisson(2.0, (5000, 6)) * 50


@pytest.fixture(scope="module")
def cells() -> Cells:
    factors = COUNTS.sum(1).astype(np.float32) / 8
    return Cells(Compact.of(sparse.csr_matrix(COUNTS)), factors, ["p"] * 5000, ["A"] * 5000, list("abcdef"), "c")


@pytest.mark.parametrize("resident", [False, True])
def test_a_batch_is_the_counts_of_its_cells_wherever_they_are_held(resident, cells, monkeypatch):
    monkeypatch.setattr(batches, "fits", lambda size, device: resident)
    batch = CellBatches(cells, CPU)
    indices = torch.randint(5000, (300,), generator=torch.Generator().manual_seed(0))
    counts, size_factor = batch(indices)
    assert counts.dtype == size_factor.dtype == torch.float32 and (batch.counts is not None) == resident
    assert np.array_equal(counts.numpy(), COUNTS[indices]) and torch.equal(size_factor, counts.sum(1) / 8)


@pytest.mark.parametrize("resident", [False, True])
def test_columns_come_as_they_were(resident, monkeypatch):
    monkeypatch.setattr(batches, "fits", lambda size, device: resident)
    columns = [
        torch.tensor([[0, 70_000], [3, 4], [5, 6]]),
        torch.tensor([[0.5], [1.5], [2.5]]),
        torch.tensor([1, 2, 3]),
    ]
    rows = torch.tensor([2, 0, 2])
    for found, column in zip(TensorBatches(columns, CPU)(rows), columns, strict=True):
        assert torch.equal(found, column[rows]) and found.dtype == column.dtype


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_batches_on_a_gpu_are_those_of_the_host(share, cells, monkeypatch):
    monkeypatch.setattr(batches, "SHARE", share)
    device, indices = torch.device("cuda"), torch.tensor([4999, 0, 7, 7])
    for there, here in zip(CellBatches(cells, device)(indices), CellBatches(cells, CPU)(indices), strict=True):
        assert there.is_cuda and torch.equal(there.cpu(), here)
