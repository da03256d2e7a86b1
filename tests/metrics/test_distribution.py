import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from expressionvae.metrics import distribution
from expressionvae.metrics.distribution import (
    distances,
    frechet,
    kernel_means,
    median_distance,
    w2,
)

SIGMAS = [1, 2, 4, 8, 16]


def fd(x: np.ndarray, y: np.ndarray, ridge: float = 0.0) -> float:
    return distribution.fd(x, y, ridge=ridge)


def mmd2(x: np.ndarray, y: np.ndarray, *, sigmas: list) -> float:
    return distribution.mmd2(kernel_means(x, y, sorted(sigmas, reverse=True)))


def mmd2_unbiased(x: np.ndarray, y: np.ndarray, *, sigma: float) -> float:
    return distribution.mmd2_unbiased(kernel_means(x, y, [sigma]), n=len(x), m=len(y))


def cloud(n: int, components: int, seed: int, shift: float = 0.0, scale: float = 1.0) -> np.ndarray:
    return shift + scale * np.random.default_rng(seed).normal(size=(n, components))


def test_w2_is_the_best_assignment():
    x, y = cloud(40, 3, 0), cloud(40, 3, 1, shift=1)
    cost = cdist(x, y, "sqeuclidean")
    assert w2(x, y) == pytest.approx(np.sqrt(cost[linear_sum_assignment(cost)].mean()))


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40), st.integers(0, 1000), st.sampled_from([0.0, 1.0, 1e3]))
def test_w2_of_equal_sizes_is_that_of_the_solver_for_any_sizes(n, seed, shift):
    x, y = cloud(n, 3, seed), cloud(n, 3, seed + 1, shift=shift)
    assert w2(x, y) ** 2 == pytest.approx(distribution._transported(x, y), rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 40), st.integers(0, 1000), st.sampled_from([1e-160, 1e-3, 1.0, 1e6]), st.booleans())
def test_what_is_taken_from_rows_and_columns_changes_no_choice(n, seed, scale, outlier):
    x, y = cloud(n, 3, seed, scale=scale), cloud(n, 3, seed + 1, scale=scale)
    if outlier:
        y[0] *= 1e4
    cost = cdist(x, y, "sqeuclidean")
    left = cost.copy()
    distribution._reduce(left)
    chosen = linear_sum_assignment(left)
    assert left.min() >= 0
    assert cost[chosen].sum() == pytest.approx(cost[linear_sum_assignment(cost)].sum(), rel=1e-9)


def test_little_is_left_to_search():
    cost = cdist(cloud(300, 10, 0), cloud(300, 10, 1, shift=1), "sqeuclidean")
    left, plain = cost.copy(), cost.copy()
    distribution._reduce(left)
    distribution._least_to_zero(plain)
    left, plain = (c[linear_sum_assignment(c)].mean() / c.mean() for c in (left, plain))
    assert left < plain / 10


def test_w2_of_cells_that_are_all_alike():
    x = np.ones((30, 3))
    assert w2(x, x) == 0
    assert w2(x, x + [0.0, 0.0, 2.0]) == pytest.approx(2)
    assert w2(x, cloud(30, 3, 0)) == pytest.approx(np.sqrt(((cloud(30, 3, 0) - 1) ** 2).sum(axis=1).mean()))


def test_w2_of_unequal_sizes_splits_cells():
    # half of each of two cells goes to 1: sqrt((1^2 + 3^2) / 2)
    assert w2(np.array([[0.0], [4.0]]), np.array([[1.0]])) == pytest.approx(np.sqrt(5))


def test_w2_of_gaussians_is_closed_form():
    # in one dimension: W2^2 = (m1 - m2)^2 + (s1 - s2)^2
    x, y = cloud(2000, 1, 0), cloud(2000, 1, 1, shift=2, scale=3)
    assert w2(x, y) == pytest.approx(np.sqrt(2**2 + 2**2), rel=0.05)


def test_w2_of_a_shift_is_its_length():
    x = cloud(50, 3, 0)
    assert w2(x, x + np.array([3.0, 4.0, 0.0])) == pytest.approx(5)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 20), st.integers(2, 20), st.integers(0, 100))
def test_all_distances_are_symmetric(n, m, seed):
    x, y = cloud(n, 2, seed), cloud(m, 2, seed + 1, shift=0.5)
    assert w2(x, y) == pytest.approx(w2(y, x))
    assert mmd2(x, y, sigmas=SIGMAS) == pytest.approx(mmd2(y, x, sigmas=SIGMAS))
    assert fd(x, y) == pytest.approx(fd(y, x), abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 30), st.integers(0, 100))
def test_the_order_of_cells_does_not_matter(n, seed):
    x, y = cloud(n, 3, seed), cloud(n, 3, seed + 1, shift=1)
    order = np.random.default_rng(seed).permutation(n)
    before, after = (distances(x, z, mmd_sigmas=SIGMAS, ridge=0.0) for z in (y, y[order]))
    assert before == pytest.approx(after, abs=1e-6)


def test_a_cloud_is_at_no_distance_from_itself():
    x = cloud(60, 4, 0)
    assert mmd2(x, x, sigmas=SIGMAS) == pytest.approx(0, abs=1e-12)
    assert w2(x, x) == pytest.approx(0, abs=1e-6)
    assert fd(x, x) == pytest.approx(0, abs=1e-6)


def test_mmd2_is_the_sum_over_all_pairs():
    x, y = cloud(7, 2, 0), cloud(5, 2, 1)
    k = lambda a, b: sum(np.exp(-(cdist(a, b) ** 2) / (2 * s**2)).mean() for s in SIGMAS)  # noqa: E731
    assert mmd2(x, y, sigmas=SIGMAS) == pytest.approx(k(x, x) + k(y, y) - 2 * k(x, y))


def plain_kernel(x: np.ndarray, y: np.ndarray, sigma: float) -> float:
    return float(np.exp(-(cdist(x, y) ** 2) / (2 * sigma**2)).mean())


@settings(max_examples=40, deadline=None)
@given(
    st.integers(2, 40),
    st.integers(2, 40),
    st.lists(st.sampled_from([0.3, 0.5, 1, 2, 3, 4, 6, 8, 16, 32]), min_size=1, max_size=6),
    st.sampled_from([0.0, 1.0, 300.0]),
    st.integers(0, 1000),
)
def test_kernels_made_from_each_other_are_those_made_alone(n, m, sigmas, offset, seed):
    """Far from the origin too, where distances by matrix products lose digits."""
    x, y = offset + cloud(n, 3, seed), offset + cloud(m, 3, seed + 1, shift=0.5)
    expected = sum(plain_kernel(x, x, s) + plain_kernel(y, y, s) - 2 * plain_kernel(x, y, s) for s in sigmas)
    assert mmd2(x, y, sigmas=sigmas) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    both = distances(x, y, mmd_sigmas=sigmas, ridge=0.0)
    assert both["mmd2"] == pytest.approx(expected, rel=1e-9, abs=1e-12)
    alone = mmd2_unbiased(x, y, sigma=median_distance(x))
    assert both["mmd2_median"] == pytest.approx(alone, rel=1e-9, abs=1e-12)


def test_mmd2_in_blocks_is_mmd2_at_once(monkeypatch):
    x, y = cloud(30, 2, 0), cloud(25, 2, 1)
    whole = mmd2(x, y, sigmas=SIGMAS)
    monkeypatch.setattr("expressionvae.metrics.distribution.BLOCK", 7)
    assert mmd2(x, y, sigmas=SIGMAS) == pytest.approx(whole)


def test_mmd2_of_gaussians_is_closed_form():
    # E k of N(m, 2) in one dimension is exp(-m^2 / (2 (s^2 + 2))) / sqrt(1 + 2 / s^2)
    x, y = cloud(3000, 1, 0), cloud(3000, 1, 1, shift=1)
    root = 1 / np.sqrt(1 + 2 / 2**2)
    expected = 2 * root * (1 - np.exp(-1 / (2 * (2**2 + 2))))
    assert mmd2_unbiased(x, y, sigma=2.0) == pytest.approx(expected, abs=0.015)


def test_unbiased_mmd2_is_zero_on_average_where_biased_is_not():
    pairs = [(cloud(20, 3, s), cloud(20, 3, 1000 + s)) for s in range(200)]
    unbiased = np.array([mmd2_unbiased(x, y, sigma=1.0) for x, y in pairs])
    assert abs(unbiased.mean()) < 4 * unbiased.std() / np.sqrt(len(pairs))
    assert np.mean([mmd2(x, y, sigmas=[1.0]) for x, y in pairs]) > 0.05


def test_median_distance_leaves_out_the_cell_itself():
    assert median_distance(np.array([[0.0], [3.0]])) == 3


def test_fd_of_gaussians_is_closed_form():
    # commuting covariances: |m|^2 + sum (s1 - s2)^2
    a, b = np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 5.0])
    shift = np.array([1.0, 0.0, 2.0])
    assert frechet(np.zeros(3), np.diag(a**2), shift, np.diag(b**2)) == pytest.approx(5 + 1 + 0 + 4)


def test_fd_agrees_with_the_general_matrix_root():
    rng = np.random.default_rng(0)
    a, b = (m @ m.T for m in rng.normal(size=(2, 5, 5)))
    expected = np.trace(a + b - 2 * np.real(sqrtm(a @ b)))
    assert frechet(np.zeros(5), a, np.zeros(5), b) == pytest.approx(expected)


def test_fd_of_samples_comes_near_that_of_their_gaussians():
    assert fd(cloud(5000, 3, 0), cloud(5000, 3, 1, shift=1, scale=2)) == pytest.approx(3 + 3, rel=0.05)


def test_fd_of_equal_cells_is_finite():
    x, same = cloud(30, 4, 0), np.ones((30, 4))
    expected = np.sum((x.mean(axis=0) - 1) ** 2) + np.trace(np.cov(x, rowvar=False))
    assert fd(x, same) == pytest.approx(expected)


def test_fd_with_a_ridge_by_hand():
    # one component, equal means, variances 9 and 0, ridge 1: 10 + 1 - 2 sqrt(10 * 1)
    x, y = np.array([[-3.0], [0.0], [3.0]]), np.zeros((3, 1))
    assert fd(x, y, ridge=1.0) == pytest.approx(11 - 2 * np.sqrt(10))
    assert fd(x, y) == pytest.approx(9)


def test_fd_is_never_below_0():
    assert all(fd(x, x) >= 0 for x in (cloud(40, 30, seed, scale=1e3) for seed in range(30)))


def test_one_component_is_enough():
    assert fd(cloud(20, 1, 0), cloud(20, 1, 1)) >= 0


def test_one_cell_gives_nan():
    assert all(np.isnan(v) for v in distances(cloud(1, 2, 0), cloud(5, 2, 1), mmd_sigmas=SIGMAS, ridge=0.0).values())
