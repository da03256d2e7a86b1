"""What is said of batches before anything is written; what is refused is tested through `prepare`, in test_split."""

from pathlib import Path

import pandas as pd
import pytest

from expressionvae.data import batch_checks

PATH = Path("screen.h5ad")


def said(caplog, sizes: dict[tuple[str, str], int], *heldout: str) -> list[str]:
    """Warnings of a screen of one cell type with so many cells of each perturbation and batch."""
    rows = [("k", *key) for key, number in sizes.items() for _ in range(number)]
    obs = pd.DataFrame(rows, columns=["cell_type", "perturbation", "batch"]).astype("category")
    caplog.clear()
    batch_checks.doubts(PATH, obs, {"k": list(heldout)}, control="ctrl")
    return [record.getMessage() for record in caplog.records]


def test_matching_that_keeps_under_half_of_the_controls_is_a_warning(caplog):
    sizes = {("A", "d1"): 1000, ("A", "d2"): 100, ("ctrl", "d1"): 5000, ("ctrl", "d2"): 3}
    (warning,) = said(caplog, sizes, "A")
    assert "at most 33 of the 5003 controls of 'k'" in warning
    assert "batch 'd2', with 3 controls for 100 of 1100 held-out cells" in warning


@pytest.mark.parametrize(("there", "warnings"), [(39, 1), (40, 0)])
def test_half_of_the_controls_is_no_warning(caplog, there, warnings):
    sizes = {("A", "d1"): 50, ("A", "d2"): 50, ("ctrl", "d1"): 120, ("ctrl", "d2"): there}
    assert len(said(caplog, sizes, "A")) == warnings


CONTROLS = {("ctrl", "d1"): 60, ("ctrl", "d2"): 60}


def test_a_perturbation_of_other_batches_than_its_controls_is_a_warning(caplog):
    sizes = CONTROLS | {("A", "d1"): 20, ("B", "d1"): 20, ("B", "d2"): 60}
    (warning,) = said(caplog, sizes, "A", "B")
    assert "'A' (100% in batch 'd1', of all 40%): such an effect contains the batches'" in warning
    assert "'B'" not in warning


@pytest.mark.parametrize(
    "sizes",
    [
        {("A", "d1"): 40},  # alone, it is what the controls match
        {("A", "d1"): 30, ("A", "d2"): 10, ("B", "d1"): 10, ("B", "d2"): 30},
        {("A", "d1"): 40, ("B", "d2"): 40},  # half of the controls are of its batch
    ],
)
def test_a_perturbation_that_shares_half_of_the_batches_is_none(caplog, sizes):
    controls = {key: 40 for key in CONTROLS if key[1] in {batch for _, batch in sizes}}
    assert said(caplog, sizes | controls, "A", "B") == []


def test_of_many_such_perturbations_some_are_named(caplog):
    sizes = CONTROLS | {("all", "d2"): 80} | {(f"p{i}", "d1"): 5 for i in range(8)}
    (warning,) = said(caplog, sizes, "all", *(f"p{i}" for i in range(8)))
    assert warning.count("100% in batch 'd1', of all 33%") == 5 and "'p4'" in warning and " and 3 more: " in warning
