import numpy as np
import pytest
from scipy import sparse

from expressionvae.metrics.moments import moments


@pytest.fixture
def cells() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.poisson(1.0, (30, 8)).astype(np.float32), rng.poisson(1.5, (30, 8)).astype(np.float32)


def score(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    return moments(sparse.csr_matrix(x), sparse.csr_matrix(y))


def test_the_truth_itself_is_perfect(cells):
    x, _ = cells
    zeros = {name: np.mean(x == 0) for name in ("zero_fraction", "zero_fraction_true")}
    perfect = {"r2_mean": 1, "r2_var": 1, "pcc_per_cell": 1, "mse_per_cell": 0} | zeros
    assert score(x, x) == pytest.approx(perfect, abs=1e-12)


def test_zeros_are_counted_on_either_side(cells):
    x, y = cells
    got = score(x, y)
    assert got["zero_fraction_true"] == pytest.approx(np.mean(x == 0))
    assert got["zero_fraction"] == pytest.approx(np.mean(y == 0)) != got["zero_fraction_true"]


def test_sparse_sums_equal_dense_ones(cells):
    x, y = cells
    got = score(x, y)
    assert got["pcc_per_cell"] == pytest.approx(np.corrcoef(x.ravel(), y.ravel())[0, 1])
    assert got["mse_per_cell"] == pytest.approx(np.mean((x - y) ** 2))
    r2 = 1 - np.sum((x.var(0) - y.var(0)) ** 2) / np.sum((x.var(0) - x.var(0).mean()) ** 2)
    assert got["r2_var"] == pytest.approx(r2, rel=1e-5)


def test_the_mean_cell_beats_real_cells_per_cell():
    rng = np.random.default_rng(0)
    rates = rng.gamma(1, 1, 8)
    x, other = rng.poisson(rates, (2, 200, 8)).astype(np.float32)
    mean = np.tile(x.mean(axis=0), (200, 1))
    assert score(x, mean)["mse_per_cell"] < score(x, other)["mse_per_cell"]
    assert score(x, mean)["pcc_per_cell"] > score(x, other)["pcc_per_cell"]


def test_constant_values_have_no_correlation(cells):
    x, _ = cells
    assert np.isnan(score(x, np.ones_like(x))["pcc_per_cell"])


def test_the_order_of_cells_matters_only_per_cell(cells):
    x, y = cells
    before, after = score(x, y), score(x, y[::-1])
    assert after["r2_mean"] == pytest.approx(before["r2_mean"]) and after["r2_var"] == pytest.approx(before["r2_var"])
    assert after["pcc_per_cell"] != pytest.approx(before["pcc_per_cell"])
