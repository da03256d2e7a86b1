"""Batches: controls with the perturbed cells' shares, and cells with the controls' shares."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from expressionvae.data import batches

LABELS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=80).map(np.array)


@given(LABELS, LABELS, st.none() | st.integers(1, 60))
def test_matched_controls_are_there_and_have_the_perturbed_cells_shares(perturbed, controls, most):
    sizes = batches.matched(perturbed, controls, most=most)
    total = sum(sizes.values())
    assert total <= (len(controls) if most is None else most)
    given_, of = min(
        [(int((controls == name).sum()), int((perturbed == name).sum())) for name in sizes]
        + ([] if most is None else [(most, len(perturbed))]),
        key=lambda one: one[0] / one[1],
    )
    for name, size in sizes.items():
        assert size <= (controls == name).sum()
        exact = (perturbed == name).sum() * given_ / of
        assert exact - 1 < size <= exact + 1e-9


def test_the_scarcest_batch_limits_the_others():
    perturbed, controls = np.repeat(["a", "b"], [10, 30]), np.repeat(["a", "b", "c"], [50, 6, 9])
    assert batches.matched(perturbed, controls) == {"a": 2, "b": 6}
    assert batches.scarcest(perturbed, controls) == ("b", 30, 6)
    assert batches.matched(perturbed, controls[:50]) == {"a": 0, "b": 0}


@given(LABELS, st.integers(1, 200))
def test_cells_are_apportioned_as_the_controls_are(controls, number):
    labels = batches.apportioned(controls, number)
    assert len(labels) == number and labels == sorted(labels) and set(labels) <= set(controls)
    for name in set(controls):
        assert abs(labels.count(name) - number * (controls == name).mean()) < 1
