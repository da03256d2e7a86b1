import math
from dataclasses import replace

import pandas as pd
import pytest

from expressionvae.catalogue.items import ITEMS
from expressionvae.paper.columns import COLUMNS, columns_of
from expressionvae.paper.published import KEY
from expressionvae.paper.tables.rows import build, frame
from tests.paper.samples import BOTTLENECKS, PRIORS, baseline, long_table, made_up, model

NOTHING = pd.DataFrame(columns=[*KEY, "mean", "se", "decimals", "se_decimals"])


def rows(item: str, runs: list[dict], metrics: list[str], value=None, numbers=NOTHING):
    return build(
        ITEMS[item],
        long_table(runs, metrics, value),
        numbers,
        columns=columns_of(ITEMS[item], metrics),
        datasets=["demo"],
        baselines=[],
        bottlenecks=BOTTLENECKS,
        priors=PRIORS,
    )


def test_rows_of_a_prior_stand_together_whatever_the_order_of_the_runs():
    runs = [model("demo", prior, decoder, 0) for decoder in ("mse", "hurdle") for prior in ("ar", "mdlm")]
    assert [row.label for row in rows("table6", runs, ["w2"])] == ["AR mse", "AR hurdle", "MDLM mse", "MDLM hurdle"]


def test_run_labels_of_a_decoder_stand_together():
    runs = [model("demo", "ar", d, 0, b) for b in ("fsq-128", "fsq") for d in ("mse", "nb-deter")]
    assert [row.key[:3] for row in rows("table4", runs, ["w2"])] == [
        ("fsq-128", "ar", "mse"), ("fsq", "ar", "mse"), ("fsq-128", "ar", "nb-deter"), ("fsq", "ar", "nb-deter"),
    ]  # fmt: skip


def test_a_column_without_a_better_end_has_no_best():
    made = rows("reconstruction", [model("demo", "true-codes", "mse", 0)], ["r2_var", "zero_fraction"])
    assert [cell.best for cell in made[0].cells.values()] == [True, False]


def test_the_smaller_is_the_best_of_an_error_and_the_larger_of_a_score():
    runs = [model("demo", prior, "mse", 0) for prior in ("ar", "mdlm")]
    made = rows("table8", runs, ["mse_per_cell", "r2_mean"], lambda run, metric: {"ar": 0.1, "mdlm": 0.2}[run["prior"]])
    assert [[cell.best for cell in row.cells.values()] for row in made] == [[True, False], [False, True]]


def test_replicates_become_mean_and_standard_error():
    runs = [model("demo", "ar", "mse", seed) for seed in range(4)]
    cell = rows("table6", runs, ["w2"], lambda run, metric: run["sample_seed"])[0].cells["w2"]
    assert (cell.mean, cell.replicates) == (1.5, 4)
    assert math.isclose(cell.se, math.sqrt(5 / 3) / 2)


def test_the_csv_has_published_errors_only_where_the_paper_has_some():
    runs = [model("demo", "ar", "mse", 0)]
    line = {"item": "table6", "dataset": "demo", "model": "ar", "head": "mse", "metric": "w2", "mean": 9.0}
    for se, there in ((0.1, True), (math.nan, False)):
        made = frame(rows("table6", runs, ["w2"], numbers=pd.DataFrame([line | {"se": se}])))
        assert made["w2_published"].tolist() == [9.0]
        assert ("w2_published_se" in made.columns) == there
    assert "w2_published" not in frame(rows("table6", runs, ["w2"])).columns


def test_only_run_labels_have_a_column_of_their_own():
    runs = [model("demo", "ar", "mse", 0)]
    assert frame(rows("table4", runs, ["w2"]))["label"].tolist() == ["AR-FSQ-MSE"]
    assert "label" not in frame(rows("table6", runs, ["w2"])).columns


@pytest.mark.parametrize(("metric", "family"), [("w2", "Error"), ("pds", "Distribution"), ("mae_lfc", "Moments")])
def test_the_family_that_a_metric_is_shown_in_does_not_decide_which_file_it_is_read_from(tmp_path, metric, family):
    column = replace(COLUMNS[metric], family=family)
    scores = made_up(tmp_path, [baseline("demo", "true-vs-true")])
    shape = {"datasets": ["demo"], "baselines": [], "bottlenecks": BOTTLENECKS, "priors": PRIORS}
    (row,) = build(ITEMS["table1"], scores, NOTHING, columns=[column], **shape)
    assert row.cells[metric].mean == scores.loc[scores["metric"] == metric, "value"].iloc[0]
