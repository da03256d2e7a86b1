import contextlib
import io

import numpy as np
import pytest
from scipy import sparse

from expressionvae.catalogue import metrics
from expressionvae.evaluation.comparison import Compared
from expressionvae.metrics.floor import RELIABILITIES, ceiling, disjoint_halves, floor, spearman_brown

EFFECTS = metrics.on("effects", "fold changes")
SETTINGS = {"components": 5, "max_cells": 50, "mmd_sigmas": [1, 2, 4, 8, 16], "seed": 0}


def test_the_floor_has_both_variants_and_equal_numbers(true_cells):
    rows = floor(true_cells, **SETTINGS)
    assert {(r["variant"], r["n_true"], r["n_pred"]) for r in rows} == {
        ("half", 50, 50),
        ("unbiased", 40, 40),
    }


def test_the_floor_is_not_zero(true_cells):
    assert all(r["value"] > 0 for r in floor(true_cells, **SETTINGS) if r["metric"] in ("w2", "fd", "mmd2"))


def test_half_of_a_half_counts_double():
    assert spearman_brown(0.5) == pytest.approx(2 / 3) and spearman_brown(1.0) == 1
    assert np.isnan(spearman_brown(0.0)) and np.isnan(spearman_brown(-0.5)) and np.isnan(spearman_brown(np.nan))


@pytest.mark.slow
def test_the_ceiling_is_that_of_cell_eval(toy_cells, tmp_path):
    import cell_eval

    cells = toy_cells(4, 60, 80, seed=0)
    got = {row["metric"]: row for row in ceiling(cells, fdr=0.05, fold_change_epsilon=0.0, seed=3, threads=1)}
    columns = {"discrimination_score_l1", "pearson_delta", "de_spearman_lfc_sig"}
    skipped = sorted(set(cell_eval.metrics_registry.list_metrics()) - columns)
    with contextlib.redirect_stderr(io.StringIO()):
        evaluator = cell_eval.MetricsEvaluator(
            None, cells.anndata(), control_pert="PBS", pert_col="perturbation", num_threads=1, outdir=str(tmp_path)
        )
        _, theirs = evaluator.compute_ceiling(skip_metrics=skipped, write_csv=False, seed=3)
    assert got["pds_cell_eval"]["value"] == pytest.approx(theirs["discrimination_score_l1"][0])
    assert got["pearson_delta"]["value"] == pytest.approx(theirs["pearson_delta"][0])
    assert got["spearman_lfc"]["value"] == pytest.approx(theirs["de_spearman_lfc_sig"][0])
    assert set(got) == set(EFFECTS) and all(np.isnan(got[m]["value"]) for m in set(EFFECTS) - set(RELIABILITIES))


def test_halves_of_true_cells_have_the_same_batches():
    labels = np.repeat(["a", "ctrl"], 40)
    batch = np.array((["d1"] * 10 + ["d2"] * 30) * 2)
    X = sparse.csr_matrix(np.eye(80, dtype=np.float32))
    true = Compared(X, labels, np.arange(80).astype(str), "ctrl", batches=batch)
    for half in disjoint_halves(true, seed=0):
        for label in ("a", "ctrl"):
            names, sizes = np.unique(half.batches[half.labels == label], return_counts=True)
            assert names.tolist() == ["d1", "d2"] and sizes.tolist() == [5, 15]


def of_donors(*labels: str, donors: int = 6) -> Compared:
    """One cell of each label in each donor."""
    X = np.random.default_rng(0).poisson(3, (len(labels) * donors, 30)).astype(np.float32)
    batch = np.tile([f"d{i}" for i in range(donors)], len(labels))
    return Compared(sparse.csr_matrix(X), np.repeat(labels, donors), np.arange(30).astype(str), "ctrl", batches=batch)


@pytest.mark.parametrize("donors", [2, 6, 7])
def test_halves_keep_the_cells_of_batches_of_one(donors):
    for half in disjoint_halves(of_donors("a", "b", "ctrl", donors=donors), seed=0):
        assert [(half.labels == label).sum() for label in ("a", "b", "ctrl")] == [donors // 2] * 3


def test_one_control_of_each_batch_is_enough_for_a_ceiling():
    rows = ceiling(of_donors("a", "b", "ctrl"), fdr=0.05, fold_change_epsilon=0.0, seed=0, threads=1)
    assert {row["metric"]: row["n_total"] for row in rows} == dict.fromkeys(EFFECTS, 2)


def test_without_batches_halves_are_the_first_and_last_of_shuffled_cells(true_cells):
    random, labels = np.random.default_rng(3), true_cells.labels
    shuffled = [random.permutation(np.flatnonzero(labels == label)) for label in sorted(set(labels))]
    cuts = [(rows[: len(rows) // 2], rows[len(rows) // 2 :][: len(rows) // 2]) for rows in shuffled]
    expected = [np.concatenate(rows) for rows in zip(*cuts, strict=True)]
    for half, rows in zip(disjoint_halves(true_cells, seed=3), expected, strict=True):
        assert (true_cells.X[rows] != half.X).nnz == 0 and half.labels.tolist() == labels[rows].tolist()
