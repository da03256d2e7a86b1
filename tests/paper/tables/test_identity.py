"""Cells of other types and the floor's number of cells: the footnote, the companion, the columns of the CSV file."""

import math

import pytest

from expressionvae.paper.published import load
from expressionvae.paper.tables.render import Rendered, render
from tests.paper.samples import baseline, made_up, model

SHARES = {"identity": 0.5, "identity_true": 0.9, "identity_controls": 0.7, "identity_controls_true": 0.95}


def table(folder, shares=SHARES, names=("perturb-mean", "true-vs-true"), item="table1") -> Rendered:
    """One model with some shares beside references all of whose cells are right; distances are those of the seed."""
    runs = [model("demo", "ar", "mse", seed) for seed in (0, 1)]
    runs += [baseline("demo", name, seed) for name in names for seed in (0, 1)]

    def value(run, metric):
        own = metric in shares and not metric.endswith("_true") and "baseline" in run
        own = own and not math.isnan(shares[metric])
        return (1.0 if own else shares[metric]) if metric in shares else 2.0 + run["sample_seed"]

    return render(
        item, made_up(folder, runs, value), load([]), columns=["w2", "pearson_delta"], datasets=["demo"],
        baselines=[], notes={}, bottlenecks={}, priors={}, libraries={},
    )  # fmt: skip


def section(made: Rendered, title: str) -> list[list[str]]:
    """The lines of a table of the companion, without header and rule."""
    text = made.compared_markdown.partition(f"**{title}")[2].partition("\n**")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("share, far", [(0.5, True), (0.69, True), (0.71, False), (0.95, False)])
def test_a_row_whose_cells_are_of_other_types_has_a_footnote(tmp_path, share, far):
    made = table(tmp_path, SHARES | {"identity": share})
    for text in (made.markdown, made.latex):
        assert ("Cells of other types" in text) == far
    assert ("Cells of other types: AR mse on demo (" in made.markdown) == far
    row = next(line for line in made.markdown.splitlines() if "| mse |" in line)
    assert ("AR<sup>b</sup>" in row) == far  # a: true against true, whose own cells are right


def test_predicted_controls_of_another_type_are_no_footnote(tmp_path):
    assert "Cells of other types" not in table(tmp_path, SHARES | {"identity": 0.9, "identity_controls": 0.0}).markdown


def test_a_screen_of_one_cell_type_has_neither_footnote_nor_shares(tmp_path):
    made = table(tmp_path, dict.fromkeys(SHARES, math.nan))
    assert "dentity" not in made.compared_markdown and "Cells of other types" not in made.markdown
    assert not [name for name in made.frame.columns if "identity" in name]


def test_the_companion_has_the_shares_of_every_row_beside_the_true_cells(tmp_path):
    rows = section(table(tmp_path), "Identity, Table 1.")
    assert [row[1] for row in rows] == ["AR", "PerturbMean", "True against true"]
    assert rows[0][3:7] == ["0.500 ± 0.000", "0.900 ± 0.000", "0.700 ± 0.000", "0.950 ± 0.000"]
    assert rows[1][3:5] == ["1.000 ± 0.000", "0.900 ± 0.000"]


def test_the_companion_has_every_row_at_the_number_of_cells_of_the_floor(tmp_path):
    rows = section(table(tmp_path), "Table 1 at the floor's number of cells.")
    assert [row[1] for row in rows] == ["AR", "PerturbMean", "True against true"]
    assert {row[3] for row in rows} == {"2.500 ± 0.500"}


def test_without_a_floor_there_is_no_such_part(tmp_path):
    assert "floor's number of cells" not in table(tmp_path, names=["perturb-mean"]).compared_markdown


def test_the_csv_file_has_the_errors_of_halves_and_the_shares(tmp_path):
    row = table(tmp_path).frame.iloc[0]
    assert (row["w2_half"], row["w2_half_se"]) == (2.5, 0.5)
    assert {name: row[name] for name in SHARES} == SHARES and row["identity_se"] == 0
