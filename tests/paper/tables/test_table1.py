import math

import pandas as pd
import pytest

from expressionvae.paper import published
from expressionvae.paper.tables.render import render
from expressionvae.writing.markup import escape
from tests.paper.samples import NINE, baseline, long_table, made_up, model

ORDER = ["state", "scvi", "cpa", "scgpt", "scldm", "perturb-mean"]


@pytest.fixture(scope="module")
def paper(repository) -> pd.DataFrame:
    return published.load((repository / "resources" / "published").glob("*.csv"))


def values(run: dict, metric: str) -> float:
    """True-vs-true is best everywhere; AR mse is next, then MDLM mse, but Sp-sig is undefined for both."""
    if run.get("decoder") == "mse" and metric == "spearman_sig":
        return math.nan
    good = (
        0.0 if "baseline" in run and run["baseline"] == "true-vs-true" else 1.0 if run.get("decoder") == "mse" else 2.0
    )
    good += 0.01 * run["sample_seed"] + (0.5 if run.get("prior") == "mdlm" else 0.0)
    return 10 + good if metric in ("w2", "mmd2", "fd") else 0.9 - 0.1 * good


def runs(dataset: str) -> list[dict]:
    models = [model(dataset, p, d, s) for p in ("ar", "mdlm") for d in ("nb-sample", "mse") for s in (0, 1)]
    return models + [baseline(dataset, name) for name in ("perturb-mean", "control", "true-vs-true")]


@pytest.fixture
def table(tmp_path, paper):
    def make(*datasets: str, notes=None, scores=None):
        scores = made_up(tmp_path, [run for d in datasets for run in runs(d)], values) if scores is None else scores
        return render(
            "table1",
            scores,
            paper,
            columns=NINE,
            datasets=datasets,
            baselines=ORDER,
            notes=notes or {},
            bottlenecks={},
            priors={},
            libraries={},
        )

    return make


def body(markdown: str) -> list[list[str]]:
    lines = [line for line in markdown.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_rows_stand_in_the_papers_order_then_the_references(table):
    rows = [(row[1], row[2]) for row in body(table("replogle").markdown)]
    assert rows[:4] == [("AR", "nb-sample"), ("AR", "mse"), ("MDLM", "nb-sample"), ("MDLM", "mse")]
    assert [name for name, _ in rows[4:]] == [
        "STATE", "scVI", "CPA", "scGPT", "scLDM (ω = 1)", "PerturbMean",
        "Control as prediction<sup>a</sup>", "True against true<sup>b</sup>",
    ]  # fmt: skip


def test_a_cell_is_mean_error_and_the_published_number(table):
    row = body(table("replogle").markdown)[0]
    assert row[:5] == ["**Replogle**", "AR", "nb-sample", "2", "12.005 ± 0.005 [7.969]"]


def test_a_baseline_that_was_not_run_shows_only_the_published_number(table):
    row = next(row for row in body(table("replogle").markdown) if row[1] == "STATE")
    assert row[3:5] == ["–", "– [20.580]"]


def test_a_dataset_the_paper_lacks_has_no_published_numbers_and_no_unrun_baselines(table):
    made = table("demo")
    assert "[" not in "".join(cell for row in body(made.markdown) for cell in row)
    assert "STATE" not in made.markdown
    assert "The paper has no numbers for demo" in made.markdown
    assert not [column for column in made.frame.columns if column.endswith("_published")]


def test_best_of_our_numbers_is_bold_and_the_floor_never(table):
    rows = {(row[1], row[2]): row for row in body(table("replogle").markdown)}
    assert rows[("AR", "mse")][4].startswith("**11.005**")
    assert rows[("MDLM", "mse")][4].startswith("11.505 ")
    assert "**" not in "".join(rows[("True against true<sup>b</sup>", "–")])


def test_each_dataset_has_its_own_best(table):
    bold = [row[4] for row in body(table("replogle", "demo").markdown) if "**" in row[4]]
    assert len(bold) == 2


@pytest.mark.parametrize("spread, bold", [(0.01, 1), (2.0, 0)])
def test_a_best_within_noise_of_another_is_not_bold(tmp_path, table, spread, bold):
    models = [model("demo", prior, "mse", seed) for prior in ("ar", "mdlm") for seed in range(4)]
    scores = made_up(tmp_path, models, lambda run, _: 1.0 + (run["prior"] == "mdlm") + spread * run["sample_seed"])
    assert sum("**" in row[4] for row in body(table("demo", scores=scores).markdown)) == bold


def test_of_two_that_print_the_same_none_is_bold(tmp_path, table):
    models = [model("demo", prior, "mse", 0) for prior in ("ar", "mdlm")]
    scores = made_up(tmp_path, models, lambda run, _: 1.0 + 1e-6 * (run["prior"] == "mdlm"))
    made = table("demo", scores=scores)
    assert "**" not in "".join(cell for row in body(made.markdown) for cell in row[1:]) and "mathbf" not in made.latex


def test_the_floor_names_its_size(table):
    text = table("replogle").markdown
    assert "cells per side n = 200 (Replogle)" in text
    assert "perturbations n = 7 (Replogle)" in text


def test_undefined_metrics_are_a_dash_with_a_footnote(table):
    made = table("replogle")
    row = next(row for row in body(made.markdown) if row[2] == "mse")
    assert row[9] == "–<sup>c</sup> [0.774]"
    assert "Sp-sig on Replogle: AR mse (2 of 2), MDLM mse (2 of 2)" in made.markdown


def test_partly_undefined_metrics_say_how_often(tmp_path, table):
    def sometimes(run, metric):
        return math.nan if (run["sample_seed"], metric) == (1, "pds") else values(run, metric)

    scores = made_up(tmp_path, [model("demo", "ar", "nb-sample", seed) for seed in (0, 1)], sometimes)
    text = table("demo", scores=scores).markdown
    assert "PDS on demo: AR nb-sample (1 of 2)" in text


def test_nan_is_never_printed(table):
    made = table("replogle", "demo")
    for text in (made.csv, made.markdown, made.latex):
        assert "nan" not in text.lower()


def test_the_papers_disagreement_is_told_where_it_is(table):
    assert "P-Δ 0.986 against 0.936" in table("parse1m").markdown
    assert "disagrees" not in table("replogle").markdown


def test_the_csv_holds_one_row_per_table_row(table):
    frame = table("replogle").frame
    first = frame.iloc[0]
    assert len(frame) == 12
    assert (first["n_replicates"], first["w2_published"]) == (2, 7.969)
    assert first["w2"] == pytest.approx(12.005)
    assert first["w2_half"] == pytest.approx(12.005)


def test_nothing_run_yet_still_gives_the_published_table(tmp_path, table, paper):
    made = table("replogle", scores=made_up(tmp_path, []))
    numbers = paper[(paper["item"] == "table1") & (paper["dataset"] == "replogle")]
    brackets = [cell for row in body(made.markdown) for cell in row if "[" in cell]
    assert len(brackets) == len(numbers)
    assert "\\mathbf" not in made.latex


def test_several_bottlenecks_are_named(tmp_path, table):
    scores = made_up(tmp_path, [model("demo", "ar", "mse", 0), model("demo", "ar", "mse", 0, "gaussian")])
    assert [row[1] for row in body(table("demo", scores=scores).markdown)] == ["AR (fsq)", "AR (gaussian)"]


def test_latex_is_balanced_and_every_row_has_every_cell(table):
    latex = table("replogle", "demo", notes={"demo": "50% of a_b & c#d {x}"}).latex
    assert latex.count("{") - latex.count(r"\{") == latex.count("}") - latex.count(r"\}")
    for name in ("table*", "tabular"):
        assert latex.count(rf"\begin{{{name}}}") == latex.count(rf"\end{{{name}}}") == 1
    inside = latex[latex.index(r"\toprule") : latex.index(r"\bottomrule")].splitlines()
    rows = [line for line in inside if line.endswith(r"\\")]
    assert {line.count(" & ") for line in rows} == {len(NINE) + 3}
    assert r"50\% of a\_b \& c\#d \{x\}" in latex


def test_latex_has_no_sign_that_an_old_engine_lacks(table):
    assert table("replogle", "demo").latex.isascii()


def test_escaping_leaves_plain_text_alone():
    assert escape("plain text, 1-2.") == "plain text, 1-2."


def test_the_same_scores_give_the_same_text(table):
    assert [x for x in table("replogle") if isinstance(x, str)] == [x for x in table("replogle") if isinstance(x, str)]


def test_a_pipe_in_a_name_does_not_break_the_markdown(tmp_path, table):
    scores = made_up(tmp_path, [model("a|b", "ar", "mse", 0)])
    line = table("a|b", scores=scores).markdown.split("\n\n")[1].splitlines()[2]
    assert line.replace(r"\|", "").count("|") == len(NINE) + 5


def test_every_published_number_has_ours_beside_it_once_all_is_run(table, paper):
    names = ["state", "scvi", "cpa", "scgpt", "scldm", "perturb-mean"]
    every = [model(d, p, h, 0) for d in ("replogle", "parse1m") for p in ("ar", "mdlm") for h in ("nb-sample", "mse")]
    every += [baseline(d, name) for d in ("replogle", "parse1m") for name in names]
    compared = table("replogle", "parse1m", scores=long_table(every, NINE)).compared
    own = compared[compared["source"] == "table1"]
    assert len(own) == len(paper[paper["item"] == "table1"]) == 152
    assert own["ours"].notna().all() and not own.duplicated(["dataset", "label", "metric"]).any()
    assert compared.loc[compared["source"] == "figure2", "metric"].tolist() == ["mmd2", "pearson_delta"] * 2


def test_models_that_the_papers_table_lacks_are_named(table):
    scores = long_table([model("replogle", "flow", "hurdle", 0)], NINE)
    assert "Not in the paper's Table 1: Flow hurdle." in table("replogle", scores=scores).markdown


def test_baselines_that_the_papers_table_lacks_are_named_where_they_were_trained(table):
    runs = [model("replogle", "ar", "mse", 0), *(baseline("replogle", name) for name in ("scvi", "linear", "control"))]
    text = table("replogle", scores=long_table(runs, NINE)).markdown
    assert "Not in the paper's Table 1: linear." in text
    assert "Not run here, published number only: STATE, CPA, scGPT, scLDM (ω = 1), PerturbMean." in text
