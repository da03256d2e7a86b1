"""Bins of counts: laws of going there and back, and the fitted means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from expressionvae.data.bins import Bins, fit
from expressionvae.files import UserError

LOWER = (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
counts_lists = st.lists(st.integers(0, 5000), min_size=1, max_size=60)


def fitted(values) -> Bins:
    return fit(csr_matrix(np.array([values], dtype=np.int32)), LOWER)


def detokenised(bins: Bins, ids: np.ndarray) -> np.ndarray:
    """As the ce head decodes: to the mean of each bin."""
    return np.asarray(bins.mean)[ids]


@given(counts_lists)
def test_a_decoded_value_lies_in_its_bin(values):
    bins = fitted(values)
    every = np.arange(len(LOWER))
    assert (bins.tokenise(detokenised(bins, every)) == every).all()


@given(counts_lists)
def test_decoding_keeps_order(values):
    bins = fitted(values)
    assert (np.diff(detokenised(bins, np.arange(len(LOWER)))) > 0).all()
    assert (np.diff(bins.tokenise(np.sort(np.array(values)))) >= 0).all()


@given(st.lists(st.integers(0, 7), min_size=1, max_size=60))
def test_counts_up_to_seven_come_back_exactly(values):
    bins = fitted(values)
    assert (detokenised(bins, bins.tokenise(np.array(values))) == values).all()


@given(counts_lists)
def test_decoding_the_training_counts_keeps_their_total(values):
    bins = fitted(values)
    decoded = detokenised(bins, bins.tokenise(np.array(values)))
    assert decoded.astype(np.float64).sum() == pytest.approx(sum(values), rel=1e-6)


@given(counts_lists)
def test_every_count_falls_in_one_bin(values):
    assert sum(fitted(values).n) == len(values)


def test_edges_belong_to_the_bin_above():
    assert list(fitted([0]).tokenise(np.array([7, 8, 9, 10, 255, 256, 10**6]))) == [7, 8, 8, 9, 18, 19, 19]


def test_zeros_that_a_sparse_matrix_leaves_out_are_counted():
    assert fitted([0, 0, 3]).n[0] == 2
    wide = fit(csr_matrix(np.array([[0, 1, 0, 5]], dtype=np.int32)), (0, 2))
    assert wide.mean == (pytest.approx(1 / 3), 5.0)


def test_a_bin_decodes_to_its_mean_not_its_middle():
    assert fitted([256, 256, 1000]).mean[-1] == pytest.approx(504)


def test_an_empty_bin_decodes_to_its_lower_edge():
    assert fitted([0, 1]).mean[-1] == 256


def test_shape_is_kept():
    counts = np.zeros((3, 4), dtype=np.int64)
    assert detokenised(fitted([0]), fitted([0]).tokenise(counts)).shape == (3, 4)


def test_json_and_back(tmp_path):
    bins = fitted([0, 8, 9, 300])
    bins.save(tmp_path / "bins.json")
    assert Bins.load(tmp_path / "bins.json") == bins


@pytest.mark.parametrize("lower", [(), (1, 2), (0, 2, 2), (0, 3, 1)])
def test_edges_must_rise_from_zero(lower):
    with pytest.raises(UserError, match="start at 0 and rise"):
        fit(csr_matrix((1, 1), dtype=np.int32), lower)
