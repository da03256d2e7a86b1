import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expressionvae.paper.columns import COLUMNS
from expressionvae.paper.figures import shading
from expressionvae.paper.figures.shading import outliers


def darkness(values, column, errors=None):
    return shading.darkness(values, np.full(len(values), np.nan) if errors is None else np.array(errors), column)


def best(values, column, error=np.nan, count=1.0):
    return shading.best(values, np.full(len(values), error), np.full(len(values), count), column)


POSITIVE = st.lists(st.floats(1e-3, 1e3), min_size=2, max_size=10)


@given(POSITIVE, st.sampled_from(sorted(COLUMNS)))
def test_the_best_is_darkest_and_the_order_is_kept(values, name):
    column, array = COLUMNS[name], np.array(values)
    shades = darkness(array, column)
    signed = array if column.direction == "higher" else -array
    assert ((shades >= 0) & (shades <= 1)).all()
    for i in range(len(array)):
        assert (shades[signed > signed[i]] >= shades[i]).all()


def test_an_outlier_does_not_wash_out_the_column():
    shades = darkness(np.array([1.84, 5.48, 383.4, 454.1]), COLUMNS["fd"])
    assert shades[0] - shades[1] > 0.15


def test_only_what_is_a_hundred_times_the_best_is_starred():
    assert outliers(np.array([1.84, 5.48, 383.4, np.nan]), COLUMNS["fd"]).tolist() == [
        False,
        False,
        True,
        False,
    ]
    assert not outliers(np.array([0.001, 0.9]), COLUMNS["pr_auc"]).any()


def test_a_value_below_zero_turns_the_logarithm_off():
    shades = darkness(np.array([-0.001, 0.0, 0.999]), COLUMNS["mmd2"])
    assert shades == pytest.approx([1, 0.999, 0])


def test_equal_values_are_half_dark_and_missing_ones_have_no_shade():
    assert darkness(np.array([2.0, 2.0, np.nan]), COLUMNS["w2"])[:2].tolist() == [0.5, 0.5]
    assert np.isnan(darkness(np.array([np.nan, np.nan]), COLUMNS["w2"])).all()


def test_of_what_prints_alike_none_is_best():
    assert not best(np.array([7.8681, 7.8684, 7.9, np.nan]), COLUMNS["w2"]).any()


def test_the_best_is_one_only_beyond_noise():
    values = np.array([0.5, 0.6, 0.9])
    assert best(values, COLUMNS["w2"], error=0.01, count=4.0).tolist() == [True, False, False]
    assert not best(values, COLUMNS["w2"], error=0.1, count=4.0).any()


@pytest.mark.parametrize("errors", [None, [0.05, 0.05, 0.05]])
def test_a_difference_within_noise_has_nearly_one_shade(errors):
    assert np.ptp(darkness(np.array([17.62, 17.70, 17.73]), COLUMNS["fd"], errors)) < 0.2


@given(POSITIVE, st.floats(0, 10), st.sampled_from(sorted(COLUMNS)))
def test_more_noise_never_parts_shades_further(values, error, name):
    array, column = np.array(values), COLUMNS[name]
    few, many = (darkness(array, column, np.full(len(array), noise)) for noise in (error, 2 * error))
    assert np.ptp(many) <= np.ptp(few) + 1e-9


@pytest.mark.parametrize(("name", "odd"), [("pr_auc", np.inf), ("w2", -np.inf), ("w2", np.inf), ("pr_auc", np.nan)])
def test_what_is_not_finite_is_never_the_best(name, odd):
    assert best(np.array([0.5, np.nan, odd, 0.7 if name == "w2" else 0.3]), COLUMNS[name]).tolist() == [
        True,
        False,
        False,
        False,
    ]
    assert not best(np.array([odd, np.nan]), COLUMNS[name]).any()
