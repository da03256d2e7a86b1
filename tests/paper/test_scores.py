import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expressionvae.files import UserError
from expressionvae.paper import scores
from tests.paper.samples import baseline, made_up, model


def long_table(values: list[float]) -> pd.DataFrame:
    run = {"dataset": "d", "bottleneck": "fsq", "prior": "ar", "decoder": "mse", "baseline": ""}
    rows = [
        run
        | {
            "vae_seed": 0,
            "prior_seed": 0,
            "sample_seed": i,
            "metric": "pds",
            "variant": "paper",
            "value": value,
            "n": 7,
        }
        for i, value in enumerate(values)
    ]
    return pd.DataFrame(rows)[scores.COLUMNS]


def test_columns_are_the_contract(tmp_path):
    table = made_up(tmp_path, [model("d", "ar", "mse", 0)])
    assert list(table.columns) == [
        "dataset", "bottleneck", "prior", "decoder", "baseline", "vae_seed", "prior_seed", "sample_seed",
        "metric", "variant", "value", "n",
    ]  # fmt: skip


def test_a_baseline_has_no_prior_and_no_vae_seed(tmp_path):
    line = made_up(tmp_path, [baseline("d", "control", 3)]).iloc[0]
    assert (line["prior"], line["baseline"], line["sample_seed"]) == ("", "control", 3)
    assert pd.isna(line["vae_seed"])


def test_n_is_the_smaller_side(tmp_path):
    table = made_up(tmp_path, [model("d", "ar", "mse", 0)])
    chosen = table[(table["metric"] == "w2") & (table["variant"] == "paper")]
    assert chosen["n"].tolist() == [400]


def test_a_csv_of_the_table_reads_back_the_same(tmp_path):
    runs = [model("d", "ar", "mse", 0), baseline("d", "control")]
    table = made_up(tmp_path, runs, lambda run, metric: math.nan if metric == "pds" else 0.1 + 0.2)
    table.to_csv(tmp_path / "scores.csv", index=False)
    pd.testing.assert_frame_equal(scores.read(tmp_path / "scores.csv"), table)


def test_a_run_given_twice_is_refused(tmp_path):
    with pytest.raises(UserError, match="dataset=d .*comes twice"):
        made_up(tmp_path, [model("d", "ar", "mse", 0), model("d", "ar", "mse", 0)])


def test_a_missing_column_is_named_with_its_file(tmp_path):
    made_up(tmp_path, [model("d", "ar", "mse", 0)])
    file = tmp_path / "0.effects.csv"
    pd.read_csv(file).drop(columns="n_valid").to_csv(file, index=False)
    with pytest.raises(UserError, match="0.effects.csv: .*column 'n_valid' is missing"):
        scores.collect([model("d", "ar", "mse", 0)], [(tmp_path / "0.distribution.csv", file)])


def test_no_runs_give_an_empty_table():
    assert list(scores.collect([], []).columns) == scores.COLUMNS


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=8))
def test_mean_and_standard_error_are_the_textbook_ones(values):
    line = scores.summarise(long_table(values), "paper").iloc[0]
    assert line["mean"] == pytest.approx(np.mean(values), abs=1e-9)
    assert line["se"] == pytest.approx(np.std(values, ddof=1) / math.sqrt(len(values)), abs=1e-6)
    assert line["n"] == len(values)


def test_one_replicate_has_no_standard_error():
    assert math.isnan(scores.summarise(long_table([0.5]), "paper").iloc[0]["se"])


def test_undefined_replicates_are_counted_and_left_out():
    line = scores.summarise(long_table([0.2, math.nan, 0.4]), "paper").iloc[0]
    assert (line["mean"], line["n"], line["undefined"]) == (pytest.approx(0.3), 2, 1)


def test_other_variants_are_left_out():
    assert scores.summarise(long_table([0.5]), "half").empty


def of_trainings(values: list[list[float]]) -> pd.DataFrame:
    """Scores of some samples of some trainings."""
    parts = [long_table(samples).assign(vae_seed=seed, prior_seed=seed) for seed, samples in enumerate(values)]
    return pd.concat(parts, ignore_index=True)


def test_the_samples_of_one_training_are_one_replicate_where_there_are_several_trainings():
    line = scores.summarise(of_trainings([[1.0, 1.2, 0.8], [3.0, 3.1, 2.9]]), "paper").iloc[0]
    assert (line["mean"], line["n"], line["undefined"]) == (pytest.approx(2), 2, 0)
    assert line["se"] == pytest.approx(1)


def test_a_second_prior_on_one_vae_is_another_training():
    table = pd.concat([long_table([1.0, 1.0]), long_table([3.0, 3.0]).assign(prior_seed=1)])
    assert scores.summarise(table, "paper").iloc[0]["n"] == 2


def test_a_training_counts_by_those_of_its_samples_that_define_the_metric():
    line = scores.summarise(of_trainings([[1.0, math.nan], [3.0, 3.0], [math.nan, math.nan]]), "paper").iloc[0]
    assert (line["mean"], line["n"], line["undefined"]) == (2, 2, 1)


def test_what_draws_nothing_in_training_has_its_samples_as_replicates(tmp_path):
    trained = [{**model("d", "ar", "mse", sample), "vae_seed": seed} for seed in (0, 1) for sample in (0, 1)]
    table = made_up(tmp_path, [*trained, *(baseline("d", "control", sample) for sample in (0, 1, 2))])
    counts = scores.summarise(table, "paper").groupby("baseline")["n"].unique()
    assert counts["control"].tolist() == [3] and counts[""].tolist() == [2]


def test_replicates_of_different_bottlenecks_are_not_pooled(tmp_path):
    table = made_up(tmp_path, [model("d", "ar", "mse", 0), model("d", "ar", "mse", 0, "gaussian")])
    assert (scores.summarise(table, "paper")["n"] == 1).all()
