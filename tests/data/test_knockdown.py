"""The knock-down filter, by hand and against cell-load's definition on sparse and dense blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from expressionvae.data.knockdown import Filter, knocked_down, own_counts, residuals, steps, summed_expression
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


def test_a_ratio_at_its_bound_is_not_below_it_and_targets_with_few_cells_go():
    label = np.array(["c", *"AAA", *"BBBB", "D"], dtype=object)
    residual = np.array([1.0, 0.5, 0.1, 0.0, 0.5, 0.25, 0.25, 0.0, 0.0])
    keep, targets = knocked_down(label, residual, "c", rule(target_residual=0.25))
    assert targets["why"].tolist() == ["kept", "not knocked down", "too few cells"]  # B's mean is the bound itself
    assert keep.tolist() == [True, False, True, True, *[False] * 5]


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
    assert keep[label == "c"].all() and (residual[keep & (label != "c")] < 0.5).all()
    for row in targets[targets["why"] == "kept"].itertuples():
        assert residual[label == row.perturbation].mean() < 0.3
        assert (keep & (label == row.perturbation)).sum() == row.kept >= 2


@pytest.mark.parametrize("layout", [np.asarray, csr_matrix])
@pytest.mark.parametrize(
    ("scale", "of"),
    [
        ("raw", lambda counts, library: counts),
        ("linear", lambda counts, library: counts * 1e4 / library[:, None]),
        ("log", lambda counts, library: np.log1p(counts * 1e4 / library[:, None])),
    ],
)
def test_expression_is_of_the_own_target_on_the_scale_of_comparison(layout, scale, of):
    counts = np.random.default_rng(0).poisson(2.0, (6, 4)).astype(np.float32)
    library = counts.sum(1).astype(float) + 5
    target = np.array([0, 3, -1, 1, 1, 2])
    by_hand = of(counts, library)
    own = rule(scale=scale).expression(own_counts(layout(counts), target), library)
    assert np.allclose(own, np.where(target >= 0, by_hand[np.arange(6), target], 0))
    assert np.allclose(summed_expression(layout(counts), library, rule(scale=scale)), by_hand.sum(0))


def test_counts_as_given_and_rescaled_ones_decide_differently():
    """Two cells of a target at a tenth of the controls' depth: raw counts look knocked down, rescaled ones do not."""
    label, library = np.array(["c", "c", "A", "A"], dtype=object), np.array([1000.0, 1000.0, 100.0, 100.0])
    own = np.array([20.0, 20.0, 2.0, 2.0])
    kept = {}
    for scale, bounds in rule().on_each_scale().items():
        expression = bounds.expression(own, library)
        keep, _ = knocked_down(label, residuals(expression, np.full(4, expression[:2].mean())), "c", bounds)
        kept[scale] = keep.tolist()
    assert kept == {"raw": [True] * 4, "linear": [True, True, False, False], "log": [True, True, False, False]}


def test_unknown_scale_is_refused():
    with pytest.raises(UserError, match="scale 'sqrt' is unknown; expected raw, linear, log"):
        rule(scale="sqrt")
