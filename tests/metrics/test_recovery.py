import numpy as np
import pytest
from scipy import sparse

from expressionvae.evaluation.comparison import Compared
from expressionvae.metrics.recovery import recovered, shifts, specific, true_effects

TRUE = {"a": np.array([1.0, 0.0, -1.0, 0.5]), "b": np.array([0.0, 2.0, -1.0, 0.0])}


def test_the_truth_is_recovered_whole_and_its_opposite_not_at_all():
    assert recovered(TRUE, TRUE) == specific(TRUE, TRUE) == pytest.approx(1)
    assert recovered({label: -shift for label, shift in TRUE.items()}, TRUE) == pytest.approx(-1)


def test_the_mean_shift_recovers_something_and_nothing_specific():
    mean = (TRUE["a"] + TRUE["b"]) / 2
    same = {"a": mean, "b": mean}
    assert recovered(same, TRUE) > 0.3 and specific(same, TRUE) == 0


def test_a_single_perturbation_is_not_set_apart():
    assert np.isnan(specific({"a": TRUE["a"]}, TRUE))


def test_shifts_are_differences_of_means():
    values = sparse.csr_matrix(np.array([[1.0, 0.0], [3.0, 0.0], [0.0, 2.0]], np.float32))
    cells = Compared(values, np.array(["ctrl", "ctrl", "p"]), np.array(["g", "h"]), "ctrl")
    assert shifts(cells)["p"].tolist() == [-2.0, 2.0]


def test_true_effects_are_read_for_one_cell_type(tmp_path):
    change = np.log(np.array([[[1.0, 1.0]], [[1.0, 3.0]]], np.float32))
    arrays = {"cell_types": ["A", "B"], "perturbations": ["p"], "genes": ["g", "h"], "log_fold_change": change}
    np.savez(tmp_path / "effects.npz", **arrays, baseline=np.ones((2, 2), np.float32))
    assert true_effects(tmp_path / "effects.npz", "A", rescale_to=4.0)["p"].tolist() == [0.0, 0.0]
    expected = np.log1p([1.0, 3.0]) - np.log1p([2.0, 2.0])
    assert true_effects(tmp_path / "effects.npz", "B", rescale_to=4.0)["p"] == pytest.approx(expected)
