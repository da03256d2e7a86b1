"""The shift of a perturbation is a mean over cell types, each counting once."""

import contract
import numpy as np
import pytest

from tests.baselines.conftest import script

shifts = script("scgen/shifts").shifts


def test_a_shift_is_the_mean_over_the_cell_types_that_hold_both_sides():
    latent = np.array([[0.0], [2.0], [2.0], [2.0], [10.0], [16.0], [99.0]])
    cell_type = np.array(["t", "t", "t", "t", "u", "u", "no controls"])
    label = np.array(["ctrl", "A", "A", "A", "ctrl", "A", "A"])
    labels, shift = shifts(latent, cell_type, label, "ctrl")
    assert dict(zip(labels, shift.ravel(), strict=True)) == {"A": 4.0, "ctrl": 0.0}


def test_nothing_to_learn_from_is_a_mistake():
    with pytest.raises(contract.Mistake, match="no shift to learn from"):
        shifts(np.zeros((2, 1)), np.array(["t", "u"]), np.array(["ctrl", "A"]), "ctrl")
