"""The knock-down filter, by hand and against cell-load's definition on sparse and dense blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from expressionvae.data.knockdown import Filter, knocked_down, own_expression, residuals, steps, summed_expression
from expressionvae.files import UserError


def rule(**changes) -> Filter:
    return Filter(
        **(
            {"target_residual": 0.3, "cell_residual": 0.5, "min_cells": 2, "scale": "linear", "rescale_to": 1e4}
            | changes
        )
    )


def test_filter_by_hand():
    label = np.array(["c"] * 2 + ["A"] * 3 + ["B"] * 3 + ["D"] * 3, dtype=object)
    expression = np.array([1, 1, 0, 0, 0.6, 0, 0.5, 0.8, 0, 0, 0])
    baseline = np.array([1.0] * 8 + [0.0] * 3)  # D is not measured
    keep, targets = knocked_down(label, residuals(expression, baseline), "c", rule())
    assert keep.tolist() == [True] * 4 + [False] * 7  # A: mean residual 0.2, one leaky cell; B: mean residual 0.43
    assert targets["why"].tolist() == ["kept", "not knocked down", "not in controls"]
    assert targets["kept"].tolist() == [2, 0, 0] and targets["cells"].tolist() == [3, 3, 3]


def test_bounds_of_the_filter_are_inclusive_and_targets_with_few_cells_go():
    label = np.array(["c", "A", "A", "B"], dtype=object)
    keep, targets = knocked_down(label, np.array([1.0, 0.5, 0.0, 0.0]), "c", rule(target_residual=0.25))
    assert keep.tolist() == [True, True, True, False]
    assert targets["why"].tolist() == ["kept", "too few cells"]


def test_steps_tell_where_cells_went():
    label = np.array(["c"] * 2 + ["A"] * 3 + ["B"] * 3 + ["D"] * 3 + ["E"], dtype=object)
    residual = np.array([1, 1, 0, 0, 0.6, 0, 0.5, 0.8, np.inf, np.inf, np.inf, 0])
    _, targets = knocked_down(label, residual, "c", rule())
    table = steps(label, targets, "c")
    assert table["cells"].tolist() == [12, 9, 6, 5, 4]
    assert table["perturbations"].tolist() == [4, 3, 2, 2, 1] and (table["controls"] == 2).all()


@given(st.integers(0, 10**6))
def test_controls_always_stay_and_a_kept_cell_passes(seed):
    generator = np.random.default_rng(seed)
    label = generator.choice(np.array(["c", "A", "B", "C"], dtype=object), 40)
    residual = generator.gamma(0.5, 0.5, 40)
    keep, targets = knocked_down(label, residual, "c", rule())
    assert keep[label == "c"].all() and (residual[keep & (label != "c")] <= 0.5).all()
    for row in targets[targets["why"] == "kept"].itertuples():
        assert residual[label == row.perturbation].mean() <= 0.3
        assert (keep & (label == row.perturbation)).sum() == row.kept >= 2


@pytest.mark.parametrize("layout", [np.asarray, csr_matrix])
@pytest.mark.parametrize(("scale", "of"), [("log", np.log1p), ("linear", lambda x: x)])
def test_expression_is_of_the_own_target_at_one_library_size(layout, scale, of):
    counts = np.random.default_rng(0).poisson(2.0, (6, 4)).astype(np.float32)
    library = counts.sum(1).astype(float) + 5
    target = np.array([0, 3, -1, 1, 1, 2])
    by_hand = of(counts * 1e4 / library[:, None])
    own = own_expression(layout(counts), library, target, rule(scale=scale))
    assert np.allclose(own, np.where(target >= 0, by_hand[np.arange(6), target], 0))
    assert np.allclose(summed_expression(layout(counts), library, rule(scale=scale)), by_hand.sum(0))


def test_unknown_scale_is_refused():
    with pytest.raises(UserError, match="expected 'log' or 'linear'"):
        rule(scale="sqrt")
