"""What a split must be; the checks of files are tested through the reader, in test_screen."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from expressionvae.data import checks
from expressionvae.files import UserError

RULES = dict(control="ctrl", min_cells=2, embedding="learned")
PATH = Path("screen.h5ad")


def cells(*groups) -> pd.DataFrame:
    rows = [(line, gene) for line, gene, number in groups for _ in range(number)]
    return pd.DataFrame(rows, columns=["cell_type", "perturbation"])


SCREEN = cells(
    ("k", "ctrl", 3),
    ("k", "A", 2),
    ("k", "B", 1),
    ("k", "C", 4),
    ("r", "ctrl", 1),
    ("r", "A", 1),
    ("r", "B", 3),
)


def test_a_sound_split_passes():
    checks.split(PATH, SCREEN, {"k": ["A"]}, **RULES)


@pytest.mark.parametrize(
    "heldout, message",
    [
        ([], "heldout selects no perturbation of 'k', which has 'A', 'B', 'C', 'ctrl'"),
        (["ctrl"], "names the control 'ctrl'"),
        (["A", "D"], "no cell of 'k' has perturbation 'D'"),
        (["A", "B"], r"fewer than 2 cells .config key min_cells. in 'k' for held-out perturbation 'B \(1\)'"),
        (["C"], "no cell type but 'k' has perturbation 'C'.*set config key embedding to esm2"),
    ],
)
def test_an_unsound_split_is_refused(heldout, message):
    with pytest.raises(UserError, match=f"screen.h5ad: .*{message}"):
        checks.split(PATH, SCREEN, {"k": heldout}, **RULES)


TWO = cells(*[(line, label, 3) for line in "kr" for label in ("ctrl", *"AB")], ("s", "ctrl", 1), ("s", "A", 1))


@pytest.mark.parametrize(
    ("heldout", "message"),
    [
        ({"k": ["A"], "r": []}, "heldout selects no perturbation of 'r'"),
        ({"k": ["A"], "r": ["A", "Z"]}, "no cell of 'r' has perturbation 'Z'"),
        ({"k": ["A"], "s": ["A"]}, r"fewer than 2 cells .config key min_cells. in 's'"),
        ({"k": ["B"], "r": ["B"]}, "no cell type but the held-out ones, 'k', 'r', has perturbation 'B'"),
    ],
)
def test_each_of_several_heldout_cell_types_is_held_to_the_same(heldout, message):
    checks.split(PATH, TWO, {"k": ["A"], "r": ["A"]}, **RULES)
    checks.split(PATH, TWO, {"k": ["A"], "r": ["B"]}, **RULES)  # B is trained on in k
    with pytest.raises(UserError, match=f"screen.h5ad: .*{message}"):
        checks.split(PATH, TWO, heldout, **RULES)


def test_where_nothing_is_held_out_controls_alone_are_required():
    checks.split(PATH, SCREEN, {}, **RULES)
    with pytest.raises(UserError, match="no cell has the control label 'PBS'"):
        checks.split(PATH, SCREEN, {}, **{**RULES, "control": "PBS"})


def test_a_perturbation_unseen_in_training_needs_a_protein_only():
    checks.split(PATH, SCREEN, {"k": ["C"]}, **{**RULES, "embedding": "esm2"})


def test_controls_of_the_heldout_cell_type_are_required():
    screen = cells(("k", "A", 2), ("r", "A", 2), ("r", "ctrl", 2))
    with pytest.raises(UserError, match="no cell of the held-out cell type 'k' has the control label 'ctrl'"):
        checks.split(PATH, screen, {"k": ["A"]}, **RULES)


@pytest.mark.parametrize(("min_cells", "controls", "least"), [(1, 1, 2), (4, 3, 4)])
def test_controls_must_be_as_many_as_cells_of_a_perturbation_and_two(min_cells, controls, least):
    screen = cells(("k", "ctrl", controls), ("k", "A", 9), ("r", "A", 2))
    words = (
        f"{controls} cells of the held-out cell type 'k' have the control label 'ctrl', .*at least {least} .config key"
    )
    with pytest.raises(UserError, match=words):
        checks.split(PATH, screen, {"k": ["A"]}, **{**RULES, "min_cells": min_cells})


KINDS = [np.float16, np.float32, np.float64, np.longdouble, np.int8, np.uint8, np.int32, np.uint32, np.int64, np.uint64]


WHOLE = [0, 7, -1, 2**31 - 1, 2**31, 2**32 + 1, 2**63]
HELD = [  # in float16 the large ones are infinite
    (kind, value)
    for kind in KINDS
    for value in (*WHOLE, 0.5, np.inf, np.nan)
    if np.dtype(kind).kind == "f" or (value in WHOLE and np.iinfo(kind).min <= value <= np.iinfo(kind).max)
]


@pytest.mark.parametrize(("kind", "value"), HELD)
@pytest.mark.filterwarnings("ignore")
def test_a_count_is_what_int32_keeps_as_it_is(kind, value):
    values = np.array([kind(3), kind(value), kind(4)])
    kept = values[1] == np.rint(values[1]) and 0 <= float(values[1]) < 2**31
    assert (checks.wrong_count(values) is None) == kept
    assert checks.wrong_count(values) in (None, 1)
    if kept:
        assert values.astype(np.int32)[1] == values[1]


def test_an_unknown_control_or_cell_type_lists_what_there_is():
    with pytest.raises(UserError, match="control label 'PBS'.*'A', 'B', 'C', 'ctrl'"):
        checks.control(PATH, SCREEN, "PBS")
    with pytest.raises(UserError, match="held-out cell type 'hepg2'.*'k', 'r'"):
        checks.cell_type(PATH, SCREEN, "hepg2")


def test_long_lists_are_cut():
    assert checks.some([str(i) for i in range(20)]).endswith("'11' and 8 more")
