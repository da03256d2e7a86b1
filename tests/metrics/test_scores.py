import numpy as np
import pandas as pd
import pytest

from expressionvae.metrics.scores import (
    DISTRIBUTION_COLUMNS,
    SOLVER,
    VARIANTS,
    distribution_scores,
    parts,
    project,
    write_scores,
)
from expressionvae.metrics.space import Cells

SETTINGS = {"components": 5, "max_cells": 50, "mmd_sigmas": [1, 2, 4, 8, 16], "seed": 0, "variants": VARIANTS}


def table(true: Cells, predicted: Cells, **changes) -> pd.DataFrame:
    rows = distribution_scores(true, predicted, **(SETTINGS | changes))
    return pd.DataFrame(rows).set_index(["variant", "metric"])


def test_rows_are_those_of_the_contract(true_cells, predicted_cells):
    got = table(true_cells, predicted_cells)
    distances = {(v, m) for v in VARIANTS for m in ("w2", "mmd2", "fd", "mmd2_median")}
    moments = {
        ("paper", m)
        for m in ("r2_mean", "r2_var", "pcc_per_cell", "mse_per_cell", "zero_fraction", "zero_fraction_true")
    }
    assert set(got.index) == distances | moments and got["value"].notna().all()


def test_both_sides_hold_the_same_number_of_cells(true_cells, predicted_cells):
    got = table(true_cells, predicted_cells)
    assert (got["n_true"] == got["n_pred"]).all()
    assert got.loc["half", "n_true"].unique() == [50] and got.loc["unbiased", "n_true"].unique() == [40]


def test_the_truth_itself_is_at_no_distance_in_the_published_variant(true_cells):
    got = table(true_cells, true_cells, max_cells=1000).loc["paper", "value"]
    assert got["mmd2"] == pytest.approx(0, abs=1e-12) and got["fd"] == pytest.approx(0, abs=1e-6)


def test_controls_do_not_count(true_cells, predicted_cells):
    X = predicted_cells.X.toarray()
    X[predicted_cells.is_control] = 5
    other = Cells(type(predicted_cells.X)(X), predicted_cells.labels, predicted_cells.genes, predicted_cells.control)
    pd.testing.assert_frame_equal(table(true_cells, predicted_cells), table(true_cells, other))


def test_the_same_seed_gives_the_same_scores(true_cells, predicted_cells):
    pd.testing.assert_frame_equal(table(true_cells, predicted_cells), table(true_cells, predicted_cells))


def test_the_order_of_predicted_cells_does_not_matter_when_all_are_compared(true_cells, predicted_cells):
    order = np.r_[np.random.default_rng(0).permutation(120), np.arange(120, 170)]
    shuffled = Cells(predicted_cells.X[order], true_cells.labels, true_cells.genes, true_cells.control)
    before, after = (
        table(true_cells, cells, max_cells=1000).loc["paper", "value"] for cells in (predicted_cells, shuffled)
    )
    for metric in ("w2", "mmd2", "fd", "r2_mean", "r2_var"):
        assert after[metric] == pytest.approx(before[metric], rel=1e-6), metric


def test_equal_predicted_cells_are_scored(true_cells, constant_cells):
    assert np.isfinite(table(true_cells, constant_cells).loc["paper", "value"][["w2", "mmd2", "fd"]]).all()


def test_few_cells_do_not_crash(toy_cells):
    got = table(toy_cells(1, 4, 5, seed=0), toy_cells(1, 4, 5, seed=1))
    assert np.isfinite(got.loc["half", "value"]["w2"]) and np.isnan(got.loc["unbiased", "value"]["w2"])


@pytest.mark.parametrize("n", [6, 99, 500])
def test_halves_and_thirds_are_disjoint(n):
    for variant, pieces in (("half", 2), ("unbiased", 3)):
        fit, mine, theirs = parts(variant, n, max_cells=100, seed=0)
        assert len(mine) == len(theirs) == min(n // pieces, 100)
        assert not set(mine) & set(theirs) and (variant == "half") == (set(fit) == set(mine))
        assert variant == "half" or not set(fit) & (set(mine) | set(theirs))


def test_components_stop_at_cells_and_genes(true_cells):
    (x,) = project(true_cells.X[:4], true_cells.X, components=30, solver="full", seed=0)
    assert x.shape == (170, 4) and x.dtype == np.float64


def test_the_floor_is_measured_with_the_exact_solver():
    assert SOLVER == {"paper": "auto", "half": "auto", "unbiased": "full"}


def test_the_file_has_the_columns_of_the_contract(true_cells, predicted_cells, tmp_path):
    rows = distribution_scores(true_cells, predicted_cells, **SETTINGS)
    write_scores(rows, tmp_path / "distribution.csv", columns=DISTRIBUTION_COLUMNS)
    assert list(pd.read_csv(tmp_path / "distribution.csv")) == [
        "metric",
        "variant",
        "value",
        "n_true",
        "n_pred",
    ]
