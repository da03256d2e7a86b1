import math

import pandas as pd
import pytest

from expressionvae.files import UserError
from expressionvae.paper import published


@pytest.fixture(scope="module")
def paper(repository) -> pd.DataFrame:
    return published.load(sorted((repository / "resources" / "published").glob("*.csv")))


def test_there_are_777_numbers(paper):
    assert len(paper) == 777


@pytest.mark.parametrize(
    "key,expected",
    [
        (("table1", "replogle", "ar", "nb-sample", "fd"), (4.67, None)),
        (("table1", "parse1m", "scldm", "", "mmd2"), (0.027, None)),
        (("figure2", "parse1m", "ar", "mse", "fd"), (383.4, 4.54)),
        (("table6", "replogle", "flow", "nb-deter", "w2"), (10.884, 0.035)),
        (("table9", "parse1m", "mdlm", "hurdle", "mae_lfc"), (0.306, 0.003)),
    ],
)
def test_numbers_are_the_papers(paper, key, expected):
    mean, se = published.lookup(paper, *key)
    assert mean == expected[0]
    assert math.isnan(se) if expected[1] is None else se == expected[1]


def test_what_the_paper_leaves_out_is_none(paper):
    assert published.lookup(paper, "table1", "replogle", "perturb-mean", "", "w2") is None


def test_decimals_are_kept_as_printed(paper):
    row = paper[(paper["item"] == "table1") & (paper["metric"] == "mmd2")].iloc[0]
    assert (row["mean"], row["decimals"]) == (0.01, 3)


def test_table_1_and_figure_2_disagree_about_parse_only_where_known(paper):
    found = published.disagreements(paper, "table1", "figure2")
    assert set(zip(found["dataset"], found["model"], found["head"], found["metric"], strict=True)) == {
        ("parse1m", prior, "nb-sample", metric) for prior in ("ar", "mdlm") for metric in ("mmd2", "pearson_delta")
    }


def test_rounding_is_no_disagreement(paper):
    assert published.disagreements(paper, "table6", "table1").empty


def test_a_summary_of_an_item_has_all_its_numbers(paper):
    table = published.as_summary(paper, "table1")
    assert len(table) == 152
    assert set(table.loc[table["baseline"] == "scgpt", "prior"]) == {""}


def test_a_number_given_twice_is_refused(tmp_path):
    line = "table1,replogle,ar,mse,w2,1.0,\n"
    (tmp_path / "x.csv").write_text("item,dataset,model,head,metric,mean,se\n" + line * 2)
    with pytest.raises(UserError, match="table1 replogle ar mse w2 is given twice"):
        published.load(tmp_path / "x.csv")


def test_a_mean_that_is_no_number_is_named_with_its_line(tmp_path):
    (tmp_path / "x.csv").write_text("item,dataset,model,head,metric,mean,se\ntable1,replogle,ar,mse,w2,–,\n")
    with pytest.raises(UserError, match="x.csv: line 2: mean is not a number"):
        published.load([tmp_path / "x.csv"])


def test_no_files_are_an_empty_table():
    assert published.as_summary(published.load([]), "figure2").empty


def test_contradictions_are_means_or_errors_that_rounding_does_not_explain(paper):
    found = published.contradictions(paper, "table6")
    assert found[["item", "model", "head", "metric", "se"]].to_numpy().tolist() == [
        ["figure2", "ar", "ce-quant", "fd", 0.03],
        ["figure2", "mdlm", "hurdle", "w2", 0.003],
    ]
    assert len(published.contradictions(paper, "table9")) == 4
    assert published.contradictions(paper, "table4").empty


def test_an_error_that_a_table_lacks_comes_from_an_item_with_the_same_number(paper):
    found = published.with_errors(paper, "table1")
    assert len(found) == 152
    assert {"", "figure2"} <= set(found["se_source"]) <= set(paper["item"]) | {""}
    fd = found[(found[["dataset", "model", "head", "metric"]] == ["replogle", "ar", "nb-sample", "fd"]).all(axis=1)]
    assert fd[["mean", "se", "se_source"]].iloc[0].tolist() == [4.67, 0.03, "figure2"]
    baselines = found[found["head"] == ""]
    assert baselines["se"].isna().all() and (baselines["se_source"] == "").all()


def test_a_tables_own_errors_stay(paper):
    own = published.with_errors(paper, "table6")
    assert (own["se_source"] == "table6").all()
    assert own["se"].tolist() == paper.loc[paper["item"] == "table6", "se"].tolist()
