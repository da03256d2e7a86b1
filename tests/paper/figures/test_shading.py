import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expressionvae.paper.columns import COLUMNS
from expressionvae.paper.figures.shading import best, darkness, outliers

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


def test_what_prints_like_the_best_is_best():
    assert best(np.array([7.8681, 7.8684, 7.9, np.nan]), COLUMNS["w2"]).tolist() == [True, True, False, False]


@pytest.mark.parametrize(("name", "odd"), [("pr_auc", np.inf), ("w2", -np.inf), ("w2", np.inf), ("pr_auc", np.nan)])
def test_what_is_not_finite_is_never_the_best(name, odd):
    assert best(np.array([0.5, np.nan, odd, 0.5]), COLUMNS[name]).tolist() == [True, False, False, True]
    assert not best(np.array([odd, np.nan]), COLUMNS[name]).any()
