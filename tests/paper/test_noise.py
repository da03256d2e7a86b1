import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expressionvae.paper.noise import level, limit

NUMBERS = st.lists(st.tuples(st.floats(-10, 10), st.floats(0, 5), st.integers(1, 6)), min_size=1, max_size=6)


def columns(numbers):
    means, errors, counts = np.array(numbers, dtype=float).T
    return means, np.where(counts > 1, errors, np.nan), counts


@given(NUMBERS)
def test_the_best_is_level_with_itself(numbers):
    means, errors, counts = columns(numbers)
    assert level(means, errors, counts, int(means.argmax()))[means.argmax()]


@given(NUMBERS, st.floats(1, 3))
def test_with_larger_errors_no_fewer_are_level(numbers, factor):
    means, errors, counts = columns(numbers)
    best = int(means.argmin())
    assert (level(means, errors, counts, best) <= level(means, factor * errors, counts, best)).all()


def test_four_replicates_against_four_differ_beyond_student_s_point_of_six_degrees():
    edge = 2.446911851 * math.sqrt(2) * 0.1
    assert limit(6) == pytest.approx(2.446911851)
    for step, expected in ((0.99, True), (1.01, False)):
        found = level(np.array([0.0, step * edge]), np.full(2, 0.1), np.full(2, 4.0), 0)
        assert found.tolist() == [True, expected]


def test_of_single_replicates_any_difference_counts():
    assert level(np.array([1.0, 1.001, 1.0]), np.full(3, np.nan), np.ones(3), 0).tolist() == [True, False, True]
