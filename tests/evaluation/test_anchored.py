import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expressionvae.evaluation.anchored import anchored, shifts
from expressionvae.evaluation.baselines import Training
from expressionvae.evaluation.comparison import comparison_space
from expressionvae.files import UserError
from tests.evaluation.test_baselines import BASE, GENES, MOVED, training_cells

TRAIN = training_cells({("T", "PBS"): BASE, ("B", "PBS"): BASE * 2, ("B", "a"): MOVED}, per=20)
TRAINING = Training(TRAIN, rescale_to=1e4)
QUERY = pd.DataFrame({"cell_type": "T", "perturbation": ["a", "PBS"] * 10})


def moved(move: np.ndarray, seed: int = 0) -> np.ndarray:
    return anchored(TRAINING, QUERY, {("T", "a"): move}, seed=seed).toarray()


def log(cells: np.ndarray) -> np.ndarray:
    return comparison_space(cells, rescale_to=1e4).toarray()


def test_a_predicted_shift_is_the_difference_of_means_in_comparison_space():
    cells = np.array([[8.0, 2, 0, 0, 0], [5, 5, 0, 0, 0]] * 10)
    found = shifts(cells, QUERY, control="PBS", rescale_to=1e4)
    assert list(found) == [("T", "a")]
    np.testing.assert_allclose(found["T", "a"], log(cells[:1])[0] - log(cells[1:2])[0], rtol=1e-6)


def test_controls_are_real_cells_of_the_wanted_type():
    real = {tuple(row) for row in TRAINING.X[TRAINING.controls("T")].toarray()}
    assert {tuple(row) for row in moved(np.ones(GENES))[1::2]} <= real


def test_a_shift_of_nothing_gives_the_controls_back():
    cells = moved(np.zeros(GENES))
    untouched = anchored(TRAINING, QUERY, {}, seed=0).toarray()
    np.testing.assert_allclose(cells, untouched, rtol=1e-5, atol=1e-5)


def test_cells_show_the_shift_where_all_genes_move_as_a_cell_s_total_allows():
    base = log(moved(np.zeros(GENES)))[::2]
    up = log(moved(np.array([1.0, 0, 0, 0, 0])))[::2]
    relative = (up - up[:, 1:2]) - (base - base[:, 1:2])  # the total is shared out anew
    np.testing.assert_allclose(relative[:, 0], 1, atol=0.01)
    np.testing.assert_allclose(relative[:, 1:], 0, atol=0.01)


@given(st.lists(st.floats(-3, 3), min_size=GENES, max_size=GENES))
def test_every_cell_keeps_the_library_size_of_its_control(move):
    cells, controls = moved(np.array(move)), anchored(TRAINING, QUERY, {}, seed=0).toarray()
    np.testing.assert_allclose(cells.sum(1), controls.sum(1), rtol=1e-4)
    assert (cells >= 0).all()


def test_the_seed_decides():
    assert np.array_equal(moved(np.ones(GENES), 3), moved(np.ones(GENES), 3))
    assert not np.array_equal(moved(np.ones(GENES), 3), moved(np.ones(GENES), 4))


def test_a_query_without_controls_has_no_shift():
    with pytest.raises(UserError, match="query: no 'PBS' of cell type 'T'"):
        shifts(np.ones((20, GENES)), QUERY.assign(perturbation="a"), control="PBS", rescale_to=1e4)
