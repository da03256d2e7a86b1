import numpy as np
import pandas as pd
import pytest
import torch
from anndata import AnnData
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from expressionvae.data.h5ad import Source
from expressionvae.data.normalisation import median_library, size_factors
from expressionvae.vae.heads.base import log_normalise


def test_cells_without_a_count_do_not_move_the_median():
    assert median_library(np.array([0.0, 0.0, 2.0, 4.0, 9.0])) == 4.0 and median_library(np.zeros(3)) == 1.0


@given(st.lists(st.integers(1, 10**6), min_size=1))
def test_the_median_cell_keeps_its_counts(library):
    factors = np.array(library) / median_library(np.array(library, dtype=float))
    assert np.isclose(np.median(factors), 1)


@pytest.fixture
def two_files(tmp_path) -> tuple[np.ndarray, Source]:
    """Ten cells each of two files, one sequenced ten times as deep as the other."""
    counts = np.random.default_rng(0).poisson(np.repeat([[5.0], [50.0]], 10, axis=0), (20, 6)).astype(np.float32)
    obs = pd.DataFrame({"library_size": counts.sum(1)}, index=[f"c{i}" for i in range(20)])
    obs["median_library"] = np.repeat([np.median(counts[part].sum(1)) for part in (slice(10), slice(10, 20))], 10)
    AnnData(csr_matrix(counts), obs=obs).write_h5ad(tmp_path / "a.h5ad")
    return counts, Source(tmp_path / "a.h5ad")


def test_log_values_are_those_of_scanpy_file_by_file(two_files):
    scanpy = pytest.importorskip("scanpy")
    counts, source = two_files
    with source:
        factors = torch.from_numpy(size_factors(source))
    values = log_normalise(torch.from_numpy(counts), factors).numpy()
    for part in (slice(10), slice(10, 20)):
        alone = AnnData(counts[part].copy())
        scanpy.pp.normalize_total(alone)  # to the median of these cells
        scanpy.pp.log1p(alone)
        np.testing.assert_allclose(values[part], alone.X, rtol=1e-5)
    together = AnnData(counts.copy())
    scanpy.pp.normalize_total(together)
    assert not np.allclose(np.log1p(together.X), values, atol=0.3)
