"""The cells set apart: which, and that no stage trains on them."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from expressionvae.data.validation import Validation, random_split, spared, split


@given(st.integers(2, 200), st.floats(0.001, 0.9), st.integers(0, 3))
def test_random_validation_cells_are_never_trained_on(cells, fraction, seed):
    training, apart = random_split(cells, fraction, seed)
    assert len(training) and len(apart)
    assert torch.cat([training, apart]).sort().values.tolist() == list(range(cells))


TYPES, PERTURBATIONS = st.sampled_from("ABC"), st.sampled_from(["ctrl", "p", "q", "r", "s", "t"])
SCREENS = st.lists(st.tuples(TYPES, PERTURBATIONS), min_size=2, max_size=80)


def split_of(screen, combinations=0.3, seed=0):
    cell_type, perturbation = zip(*screen, strict=True)
    options = {"heldout_cell_types": ["B"], "control": "ctrl", "validation": Validation(combinations, 0.1, seed)}
    return split(cell_type, perturbation, **options)


def labels(screen, cells) -> set[tuple[str, str]]:
    return {screen[cell] for cell in cells.tolist()}


@given(SCREENS, st.floats(0.01, 0.99), st.integers(0, 3))
def test_no_combination_is_both_trained_on_and_set_apart(screen, combinations, seed):
    training, apart = split_of(screen, combinations, seed)
    assert torch.cat([training, apart]).sort().values.tolist() == list(range(len(screen)))
    assert len(training) and len(apart)
    whole = labels(screen, apart)
    elsewhere = {label for cell_type, label in screen if cell_type != "B"}
    candidates = {label for cell_type, label in screen if cell_type == "B"} - {"ctrl"}
    candidates = candidates & elsewhere if elsewhere else candidates
    if len(candidates) < 2:
        assert len(apart) == max(1, round(0.1 * len(screen)))  # random cells
        return
    assert not whole & labels(screen, training) and whole < {("B", label) for label in candidates}


@given(SCREENS, st.randoms(use_true_random=False))
def test_the_combinations_set_apart_do_not_depend_on_the_order_of_cells(screen, random):
    apart = [
        spared(
            *(np.array(column, object) for column in zip(*cells, strict=True)), ["B"], "ctrl", Validation(0.4, 0.1, 0)
        )
        for cells in (screen, random.sample(screen, len(screen)))
    ]
    assert apart[0] == apart[1]


SCREEN = [(cell_type, label) for cell_type in "AB" for label in ["ctrl", *"pqrst"] for _ in range(4)]


def test_a_small_share_is_one_combination_and_another_seed_takes_another():
    taken = [labels(SCREEN, split_of(SCREEN, 0.01, seed)[1]) for seed in range(8)]
    assert all(len(combination) == 1 for combination in taken) and len(set.union(*taken)) > 1


def test_a_large_share_leaves_a_perturbation_and_the_controls():
    training, _ = split_of(SCREEN, 0.99)
    left = {label for cell_type, label in labels(SCREEN, training) if cell_type == "B"}
    assert len(left) == 2 and "ctrl" in left


def test_what_no_other_cell_type_has_seen_is_not_set_apart():
    screen = [*SCREEN, *[("B", f"only {i}") for i in range(50)]]
    assert labels(screen, split_of(screen, 0.9)[1]) < set(SCREEN)


def test_in_a_screen_of_one_cell_type_perturbations_are_set_apart():
    alone = [("B", label) for _, label in SCREEN]
    assert len(labels(alone, split_of(alone, 0.01)[1])) == 1


@given(SCREENS, st.floats(0.01, 0.99), st.sampled_from([["A", "B"], ["B", "A"], ["A", "B", "C"]]))
def test_of_several_heldout_cell_types_each_spares_what_it_can_and_keeps_one(screen, combinations, types):
    cell_type, perturbation = (np.array(column, object) for column in zip(*screen, strict=True))
    chosen = spared(cell_type, perturbation, types, "ctrl", Validation(combinations, 0.1, 0))
    elsewhere = {label for name, label in screen if name not in types}
    for name, labels in chosen.items():
        own = {label for of, label in screen if of == name} - {"ctrl"}
        assert name in types and labels and set(labels) < own and (not elsewhere or set(labels) <= elsewhere)


def test_one_cell_type_of_several_is_spared_as_it_is_alone():
    screen = [*SCREEN, *[("C", label) for label in "pqrst"]]
    columns = [np.array(column, object) for column in zip(*screen, strict=True)]
    both, alone = (spared(*columns, types, "ctrl", Validation(0.4, 0.1, 0)) for types in (["A", "B"], ["B"]))
    assert both["B"] == alone["B"] and set(both) == {"A", "B"}


def test_random_cells_stand_in_and_the_log_says_so(capsys):
    screen = [("A", "p")] * 40 + [("A", "ctrl")] * 30 + [("B", "ctrl")] * 30
    assert len(split_of(screen)[1]) == 10
    assert "10 of 100 training cells: random cells, for 'B' has no perturbation to spare" in capsys.readouterr().out
    split(*zip(*screen, strict=True), heldout_cell_types=[], control="ctrl", validation=Validation(0.1, 0.1, 0))
    assert "10 of 100 training cells: random cells, for nothing is held out" in capsys.readouterr().out
    split_of(SCREEN, 0.01)
    assert "set apart for validation: 4 of 48 training cells: B x " in capsys.readouterr().out
