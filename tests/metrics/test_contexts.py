"""Combinations of several held-out cell types are scored each within its type."""

from dataclasses import replace

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from expressionvae.data.bins import Bins
from expressionvae.evaluation.comparison import Compared
from expressionvae.metrics import de, scores
from expressionvae.metrics.contexts import within_cell_types
from expressionvae.metrics.coverage import coverage
from expressionvae.metrics.floor import ceiling, floor
from expressionvae.metrics.recovery import of_each_type
from tests.metrics.conftest import as_truth, cells_of, draw_counts, labels_of

DISTANCES = dict(components=5, max_cells=60, mmd_sigmas=[1.0], seed=0, variants=("paper", "half"))
BINS = Bins((0, 1, 2), (0.0, 1.0, 3.0), (1, 1, 1))
EFFECTS = dict(fdr=0.05, fold_change_epsilon=0.0, threads=1)


def joined(first: Compared, second: Compared, types: str = "TU") -> Compared:
    """Cells of two types in one set, perturbed ones first."""
    X = sparse.csr_matrix(sparse.vstack([first.X, second.X]))
    labels = np.concatenate([first.labels, second.labels])
    cell_types = np.repeat(list(types), [len(first.labels), len(second.labels)])
    order = np.argsort(labels == first.control, kind="stable")
    return Compared(X[order], labels[order], first.genes, first.control, cell_types[order])


def one_type(seed: int, shift: int = 0, perturbations: int = 4) -> Compared:
    labels = labels_of(perturbations, 30, 50)
    return cells_of(labels, np.roll(draw_counts(labels, seed), shift, axis=1))


@pytest.fixture(scope="module")
def sides() -> dict[str, tuple[Compared, Compared]]:
    """True and predicted cells of each of two types that differ."""
    return {"T": (one_type(0), one_type(1)), "U": (one_type(2, 7, 3), one_type(3, 7, 3))}


def both(sides, which: int) -> Compared:
    return joined(sides["T"][which], sides["U"][which])


def effects_of(true, predicted):
    known = de.differential_expression(true, epsilon=0.0, threads=1)
    return scores.effect_scores(true, predicted, de_true=de.by_cell_type(known), **EFFECTS)


def test_a_distance_is_the_mean_over_cell_types_and_cells_are_summed(sides):
    rows = scores.distribution_scores(both(sides, 0), both(sides, 1), **DISTANCES)
    apart = [scores.distribution_scores(*sides[name], **DISTANCES) for name in "TU"]
    for row, one, other in zip(rows, *apart, strict=True):
        assert row["value"] == pytest.approx((one["value"] + other["value"]) / 2)
        assert (row["n_true"], row["n_pred"]) == (one["n_true"] + other["n_true"], one["n_pred"] + other["n_pred"])


def test_an_effect_is_the_mean_over_all_combinations_each_on_its_own_controls(sides):
    rows = effects_of(both(sides, 0), both(sides, 1))
    for row, one, other in zip(rows, *(effects_of(*sides[name]) for name in "TU"), strict=True):
        assert row["n_total"] == 7 and row["n_valid"] == one["n_valid"] + other["n_valid"]
        if row["n_valid"]:
            parts = [part["value"] * part["n_valid"] for part in (one, other) if part["n_valid"]]
            assert row["value"] == pytest.approx(sum(parts) / row["n_valid"])


def test_cells_of_the_other_held_out_type_are_not_taken_for_right_ones():
    true = joined(one_type(0), one_type(2, 7))
    right, wrong = joined(one_type(1), one_type(3, 7)), joined(one_type(3, 7), one_type(1))
    far = {}
    for name, side in {"right": right, "wrong": wrong}.items():
        rows = scores.distribution_scores(true, side, **DISTANCES)
        far[name] = next(row["value"] for row in rows if row["metric"] == "fd")
    assert far["wrong"] > 3 * far["right"]


def test_one_cell_type_is_scored_as_ever(sides):
    true, predicted = sides["T"]
    typed = [replace(side, cell_types=np.full(len(side.labels), "T")) for side in (true, predicted)]
    assert scores.distribution_scores(*typed, **DISTANCES) == scores.distribution_scores(true, predicted, **DISTANCES)


def test_floor_and_ceiling_are_taken_within_cell_types(sides):
    options = dict(components=5, max_cells=60, mmd_sigmas=[1.0], seed=0)
    low = [floor(side, **options) for side in (both(sides, 0), sides["T"][0], sides["U"][0])]
    assert [row["value"] for row in low[0]] == pytest.approx(
        [(one["value"] + other["value"]) / 2 for one, other in zip(*low[1:], strict=True)]
    )
    high = ceiling(both(sides, 0), fdr=0.05, fold_change_epsilon=0.0, seed=0, threads=1)
    assert {row["n_total"] for row in high} == {7}


def test_differential_expression_names_cell_types_only_where_there_are_several(sides):
    frame = de.differential_expression(both(sides, 0), epsilon=0.0, threads=1)
    parts = de.by_cell_type(frame)
    for name in "TU":
        alone = de.differential_expression(sides[name][0], epsilon=0.0, threads=1)
        assert "cell_type" not in alone.columns and parts[name].drop("cell_type").equals(alone)
        assert de.by_cell_type(alone)[""] is alone


def test_the_bins_cover_the_genes_of_each_combination():
    parts = [as_truth(labels_of(2, 30, 50), draw_counts(labels_of(2, 30, 50), seed)) for seed in (0, 1)]
    parts[1].obs["cell_type"] = pd.Categorical(["U"] * parts[1].n_obs)
    truth = anndata.concat(parts, index_unique="-")
    truth.uns["screen"] = parts[0].uns["screen"]
    frame = de.differential_expression(
        joined(*(cells_of(part.obs["perturbation"].to_numpy(str), part.X) for part in parts)),
        epsilon=0.0, threads=1,
    ).to_pandas()  # fmt: skip
    found = coverage(truth, frame, BINS, top=3, fdr=0.05)
    alone = [
        coverage(part, frame[frame["cell_type"] == name].drop(columns="cell_type"), BINS,
                 top=3, fdr=0.05)
        for name, part in zip("TU", parts, strict=True)
    ]  # fmt: skip
    assert found["n"] == sum(one["n"] for one in alone) > 6
    assert found["offenders"] == [row for one in alone for row in one["offenders"]]


def test_recovery_is_the_mean_over_cell_types(sides):
    cells = both(sides, 1)
    effects = {name: {label: np.random.default_rng(0).normal(size=len(cells.genes)) for label in side[0].perturbations}
               for name, side in sides.items()}  # fmt: skip
    alone = [of_each_type(sides[name][1], {name: effects[name]}) for name in "TU"]
    assert of_each_type(cells, effects) == {
        key: pytest.approx((alone[0][key] + alone[1][key]) / 2) for key in ("recovered", "specific")
    }


def test_what_only_one_cell_type_defines_is_that_ones(sides):
    values = {"T": (2.0, 3), "U": (float("nan"), 0)}

    @within_cell_types
    def score(cells, *, of):
        return [{"metric": "m", "variant": "v", "value": of[0], "n_valid": of[1], "n_total": 4}]

    assert score(both(sides, 0), of=values) == [
        {"metric": "m", "variant": "v", "value": 2.0, "n_valid": 3, "n_total": 8}
    ]
