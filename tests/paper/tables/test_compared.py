import math

import pandas as pd
import pytest

from expressionvae.catalogue.items import ITEMS
from expressionvae.paper.tables.compared import compare, compared_markdown, summary, worst_first
from expressionvae.paper.tables.rows import Cell, Row


def published(*lines: tuple) -> pd.DataFrame:
    """(item, model, head, metric, mean, se) of the dataset demo, as `published.load` gives them."""
    table = pd.DataFrame(lines, columns=["item", "model", "head", "metric", "mean", "se"])
    table.insert(1, "dataset", "demo")
    return table.assign(decimals=3, se_decimals=3)


def row(prior: str, mean: float, se: float = math.nan, metric: str = "w2") -> Row:
    key = ("fsq", prior, "mse", "")
    return Row("demo", key, "model", (prior, "mse"), ((prior, "mse"),), {metric: Cell(mean, se, replicates=4)})


def test_a_difference_is_ours_minus_theirs_in_four_units():
    line = compare("table6", [row("ar", 8.5, 0.4)], published(("table6", "ar", "mse", "w2", 8.0, 0.3)), ["demo"])
    assert line[["difference", "relative", "in_published_se", "in_combined_se"]].iloc[0].tolist() == pytest.approx(
        [0.5, 0.0625, 0.5 / 0.3, 1.0]
    )


def test_no_published_error_and_one_that_prints_as_zero_give_no_unit():
    numbers = published(("table6", "ar", "mse", "w2", 8.0, math.nan), ("table6", "mdlm", "mse", "w2", 8.0, 0.0))
    made = compare("table6", [row("ar", 8.5, 0.1), row("mdlm", 8.5, 0.1)], numbers, ["demo"])
    assert made["in_published_se"].isna().all()
    assert made["in_combined_se"].isna().tolist() == [True, False]


def test_one_replicate_has_no_combined_error():
    made = compare("table6", [row("ar", 8.5)], published(("table6", "ar", "mse", "w2", 8.0, 0.3)), ["demo"])
    assert made["in_published_se"].notna().all() and made["in_combined_se"].isna().all()


def test_an_error_printed_elsewhere_for_the_same_number_is_taken_and_named():
    numbers = published(("table1", "ar", "mse", "w2", 8.0, math.nan), ("figure2", "ar", "mse", "w2", 8.0, 0.25))
    made = compare("table1", [row("ar", 8.5, 0.1)], numbers, ["demo"])
    assert made[["theirs_se", "se_source", "in_published_se"]].iloc[0].tolist() == [0.25, "figure2", 2.0]
    assert "8.000 ± 0.250*" in compared_markdown(ITEMS["table1"], made, ["demo"])


def test_what_the_paper_prints_twice_differently_is_two_rows():
    numbers = published(("table1", "ar", "mse", "w2", 8.0, math.nan), ("figure2", "ar", "mse", "w2", 8.2, 0.25))
    made = compare("table1", [row("ar", 8.5, 0.1)], numbers, ["demo"])
    assert list(zip(made["source"], made["theirs"], made["se_source"], strict=True)) == [
        ("table1", 8.0, ""), ("figure2", 8.2, "figure2"),
    ]  # fmt: skip


def test_a_dataset_that_was_not_asked_for_is_left_out():
    made = compare("table6", [row("ar", 8.5)], published(("table6", "ar", "mse", "w2", 8.0, 0.3)), ["other"])
    assert made.empty


def test_a_number_without_ours_is_the_papers_row():
    numbers = published(("table1", "scldm", "", "w2", 8.0, math.nan), ("table1", "flow", "nb-deter", "w2", 8.0, 0.1))
    made = compare("table1", [], numbers, ["demo"])
    assert made["label"].tolist() == ["scLDM (ω = 1)", "Flow nb (deter)"]
    assert made["ours"].isna().all() and (made["n"] == 0).all()
    assert summary(made) == "0 of the 2 published numbers have ours beside them."


def test_the_worst_stands_first_and_what_is_missing_last():
    numbers = published(
        ("table6", "gone", "mse", "w2", 8.0, 0.1),
        ("table6", "near", "mse", "w2", 8.0, 0.1),
        ("table6", "little", "mse", "w2", 8.0, math.nan),
        ("table6", "much", "mse", "w2", 8.0, math.nan),
        ("table6", "far", "mse", "w2", 8.0, 0.1),
    )
    ours = [row("near", 8.1), row("far", 7.0), row("little", 8.1), row("much", 5.0)]
    made = worst_first(compare("table6", ours, numbers, ["demo"]))
    assert [label.split()[0] for label in made["label"]] == ["far", "near", "much", "little", "gone"]


def test_the_summary_counts_what_lies_within_two_errors():
    numbers = published(*(("table6", f"p{i}", "mse", "w2", 8.0, 0.1) for i in range(3)))
    made = compare("table6", [row("p0", 8.15, 0.01), row("p1", 8.3, 1.0), row("p2", 9.0, 0.01)], numbers, ["demo"])
    text = summary(made)
    assert text.startswith("3 of the 3 published numbers have ours beside them.")
    assert "1 of 3 with a published standard error above zero lie within 2 of those" in text
    assert "2 of 3 with both ours and theirs lie within 2 combined" in text
    assert "Half of all lie within 3.8%" in text


def test_a_published_zero_has_no_percentage():
    made = compare("table6", [row("ar", 0.1)], published(("table6", "ar", "mse", "w2", 0.0, math.nan)), ["demo"])
    assert made["relative"].isna().all()
    assert "nan" not in compared_markdown(ITEMS["table6"], made, ["demo"]).lower()
