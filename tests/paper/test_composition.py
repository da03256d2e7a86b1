"""The table of left-out cell types: one row a type, run and metric."""

import pandas as pd
import pytest

from expressionvae.files import UserError
from expressionvae.paper import composition

RUNS = [("fsq", "ar", "hurdle", ""), ("", "", "", "perturb-mean")]


def long_table() -> pd.DataFrame:
    rows = []
    for dataset, shift in (("d-left-out-1", 0.0), ("d-left-out-2", 10.0)):
        for bottleneck, prior, decoder, baseline in RUNS:
            for seed in (0, 1):
                run = dict(dataset=dataset, bottleneck=bottleneck, prior=prior, decoder=decoder, baseline=baseline)
                run |= dict(vae_seed=0, prior_seed=0)
                for metric, variant in (*composition.SHOWN.items(), ("fd", "paper"), ("w2", "half")):
                    value = shift + seed + (100.0 if variant == "paper" and metric == "fd" else 0.0)
                    rows.append(run | dict(sample_seed=seed, metric=metric, variant=variant, value=value, n=5))
    return pd.DataFrame(rows)


def test_draws_become_mean_and_error_of_each_type_and_run():
    table = composition.summarise(long_table(), {"d-left-out-1": "B cells", "d-left-out-2": "T cells"})
    assert list(table) == composition.COLUMNS and len(table) == 2 * 2 * len(composition.SHOWN)
    assert set(table["run"]) == {"fsq/ar/hurdle", "perturb-mean"} and set(table["n"]) == {2}
    means = table.groupby("left_out_cell_type")["value"].unique().map(list)
    assert means.to_dict() == {"B cells": [0.5], "T cells": [10.5]}
    assert table["se"].to_numpy() == pytest.approx(0.5)


def test_a_screen_without_two_such_types_has_a_table_without_rows():
    assert composition.collect([], [], {}).empty and list(composition.collect([], [], {})) == composition.COLUMNS


def test_each_run_has_a_row_for_every_type_and_their_mean_under_the_table(tmp_path):
    table = composition.summarise(long_table(), {"d-left-out-1": "B | cells", "d-left-out-2": "T cells"})
    table.to_csv(tmp_path / "composition.csv", index=False)
    text = composition.markdown({"d": composition.read(tmp_path / "composition.csv")})
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| d")]
    assert [line[1] for line in lines] == ["FSQ AR hurdle"] * 3 + ["PerturbMean"] * 3
    assert [line[2] for line in lines[:3]] == [r"B \| cells", "T cells", "mean"]
    assert lines[0][3:] == ["0.500 ± 0.500", "0.500 ± 0.500", "0.50 ± 0.50", "2"]
    assert lines[2][3:] == ["5.500", "5.500", "5.50", "2"]
    assert "identity ↑ | P-Δ ↑ | FD ↓ (half)" in text


def test_screens_without_a_left_out_type_add_nothing_to_the_companion():
    assert composition.markdown({}) == composition.markdown({"d": composition.collect([], [], {})}) == ""


def test_a_table_that_is_cut_short_is_refused(tmp_path):
    (tmp_path / "composition.csv").write_text("left_out_cell_type,run,metric,value,se,n\nB,x,fd,1")
    with pytest.raises(UserError, match="composition.csv: .*cut short"):
        composition.read(tmp_path / "composition.csv")
