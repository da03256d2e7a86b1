"""What a split must be; the checks of files are tested through the reader, in test_screen."""

from pathlib import Path

import pandas as pd
import pytest

from expressionvae.data import checks
from expressionvae.files import UserError

RULES = dict(cell_type="k", control="ctrl", min_cells=2, embedding="learned")
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
    checks.split(PATH, SCREEN, ["A"], **RULES)


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
        checks.split(PATH, SCREEN, heldout, **RULES)


def test_a_perturbation_unseen_in_training_needs_a_protein_only():
    checks.split(PATH, SCREEN, ["C"], **{**RULES, "embedding": "esm2"})


def test_controls_of_the_heldout_cell_type_are_required():
    screen = cells(("k", "A", 2), ("r", "A", 2), ("r", "ctrl", 2))
    with pytest.raises(UserError, match="no cell of the held-out cell type 'k' has the control label 'ctrl'"):
        checks.split(PATH, screen, ["A"], **RULES)


def test_an_unknown_control_or_cell_type_lists_what_there_is():
    with pytest.raises(UserError, match="control label 'PBS'.*'A', 'B', 'C', 'ctrl'"):
        checks.control(PATH, SCREEN, "PBS")
    with pytest.raises(UserError, match="held-out cell type 'hepg2'.*'k', 'r'"):
        checks.cell_type(PATH, SCREEN, "hepg2")


def test_long_lists_are_cut():
    assert checks.some([str(i) for i in range(20)]).endswith("'11' and 8 more")
