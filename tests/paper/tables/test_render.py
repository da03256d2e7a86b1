"""The tables of priors and decoders, over the paper's own grid with fabricated scores."""

import pandas as pd
import pytest

from expressionvae.catalogue.items import of_kind
from expressionvae.paper import published
from expressionvae.paper.tables.notes import told
from expressionvae.paper.tables.render import Rendered, render, save
from expressionvae.run.report_page import from_markdown
from tests.paper.samples import BOTTLENECKS, PRIORS, baseline, long_table, model, paper_grid

ABLATIONS = [f"table{number}" for number in range(4, 10)]
OURS = ["mdlm-steps", "library-leak", "sampling-noise", "detokenisation", "reconstruction"]


@pytest.fixture(scope="module")
def paper(repository) -> pd.DataFrame:
    return published.load(sorted((repository / "resources" / "published").glob("*.csv")))


def made(item: str, paper: pd.DataFrame, runs=None, metrics=None, value=None) -> Rendered:
    runs = paper_grid(item) if runs is None else runs
    metrics = metrics or list(dict.fromkeys(paper.loc[paper["item"] == item, "metric"]))
    return render(
        item,
        long_table(runs, metrics, value),
        paper,
        columns=metrics,
        datasets=list(dict.fromkeys(run["dataset"] for run in runs)),
        baselines=[],
        notes={},
        bottlenecks=BOTTLENECKS,
        priors=PRIORS,
        libraries={},
    )


@pytest.fixture(scope="module")
def tables(paper) -> dict[str, Rendered]:
    return {item: made(item, paper) for item in ABLATIONS}


def cells(markdown: str) -> list[list[str]]:
    """Every line of the table, header and rule included."""
    lines = [line.replace(r"\|", "") for line in markdown.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("item", ABLATIONS)
def test_every_published_number_finds_its_row(item, tables, paper):
    compared = tables[item].compared
    own = compared[compared["source"] == item]
    numbers = paper[paper["item"] == item]
    assert len(own) == len(numbers)
    assert own["ours"].notna().all()
    assert sorted(own["theirs"]) == sorted(numbers["mean"])
    assert not own.duplicated(["dataset", "label", "metric"]).any()


@pytest.mark.parametrize("item", ABLATIONS)
def test_every_published_number_stands_in_its_cell(item, tables, paper):
    shown = tables[item].frame.filter(regex="_published$").notna().to_numpy().sum()
    assert shown == (paper["item"] == item).sum()
    assert sum(cell.count("[") for line in cells(tables[item].markdown) for cell in line) == shown


@pytest.mark.parametrize("item", ABLATIONS)
def test_all_lines_have_the_same_number_of_cells(item, tables):
    for text in (tables[item].markdown, tables[item].compared_markdown):
        assert len({len(line) for line in cells(text)}) == 1


@pytest.mark.parametrize("item", ABLATIONS)
def test_latex_is_ascii_balanced_and_even(item, tables):
    latex = tables[item].latex
    assert latex.isascii()
    assert latex.count("{") - latex.count(r"\{") == latex.count("}") - latex.count(r"\}")
    assert rf"\label{{tab:{item}}}" in latex
    inside = latex[latex.index(r"\toprule") : latex.index(r"\bottomrule")].splitlines()
    assert len({line.count(" & ") for line in inside if line.endswith(r"\\")}) == 1


def test_table_4_has_the_papers_run_labels_in_its_order(tables, paper):
    theirs = list(dict.fromkeys(paper.loc[paper["item"] == "table4", "model"]))
    assert [line[1] for line in cells(tables["table4"].markdown)[2:]] == theirs
    assert list(tables["table4"].frame["label"]) == theirs


def test_a_prior_stands_over_its_decoders_once(tables):
    names = [line[1] for line in cells(tables["table6"].markdown)[2:]]
    assert [name for name in names if name] == ["AR", "Flow", "MDLM"]
    assert [line[2] for line in cells(tables["table6"].markdown)[2:7]] == [
        "ce-quant", "nb-sample", "hurdle", "mse", "nb (deter)",
    ]  # fmt: skip


def test_a_prior_is_named_anew_in_the_next_dataset(tables):
    names = [line[1] for line in cells(tables["table9"].markdown)[2:]]
    assert [name for name in names if name] == ["AR", "Flow", "MDLM"] * 2


def test_each_column_and_dataset_has_one_best_where_all_differ_beyond_noise(paper):
    order = {tuple(run[key] for key in ("dataset", "prior", "decoder")): 1.0 for run in paper_grid("table9")}
    value = {key: 1.0 + place / 100 for place, key in enumerate(order)}
    by_run = made("table9", paper, value=lambda run, _: value[run["dataset"], run["prior"], run["decoder"]])
    for line in zip(*cells(by_run.markdown)[2:], strict=True):
        if any("[" in cell for cell in line):
            assert [sum("**" in cell for cell in part) for part in (line[:15], line[15:])] == [1, 1]


def test_a_published_standard_error_stands_in_the_brackets(tables):
    row = cells(tables["table6"].markdown)[2]
    assert row[4].endswith("[7.868 ± 0.010]")
    assert r"[7.868\,\pm\,0.010]" in tables["table6"].latex


def test_decoders_that_the_papers_table_lacks_are_named(tables):
    assert "Not in the paper's Table 6: AR nb-sample, Flow nb-sample, MDLM nb-sample." in tables["table6"].markdown


@pytest.mark.parametrize("item", ["table7", "table8"])
def test_paired_cells_are_said_to_reward_the_mean(item, tables):
    assert "reward predicting the mean" in tables[item].markdown


def test_table_4_is_said_to_be_on_another_gene_set_only_beside_the_papers_numbers(tables, paper):
    assert "another gene set" in tables["table4"].markdown
    assert "K = 1,024 is 8 × 8 × 4 × 4" in tables["table4"].markdown
    assert "8 × 5 × 5 × 5 for it, which are 1,000 codes" in tables["table4"].markdown
    runs = [run | {"dataset": "demo"} for run in paper_grid("table4")]
    assert "gene set" not in made("table4", paper, runs).markdown


def test_the_papers_two_numbers_for_one_quantity_stand_apart(tables):
    compared = tables["table9"].compared
    twice = compared[(compared["label"] == "AR hurdle") & (compared["metric"] == "pearson_delta")]
    assert set(zip(twice["dataset"], twice["source"], twice["theirs"], strict=True)) == {
        ("parse1m", "table9", 0.983), ("parse1m", "figure2", 0.933), ("replogle", "table9", 0.953),
    }  # fmt: skip
    assert "Table 9 (shown) against Figure 2: AR ce-quant on Parse 1M, P-Δ 0.989 against 0.939" in (
        tables["table9"].markdown
    )


def test_numbers_that_were_not_produced_have_an_empty_place(paper):
    runs = [run for run in paper_grid("table5") if run["prior"] != "flow"]
    compared = made("table5", paper, runs).compared
    assert set(compared.loc[compared["ours"].isna(), "label"]) == {
        f"Flow {decoder}" for decoder in ("ce-quant", "hurdle", "mse", "nb (deter)")
    }


def test_a_published_metric_that_is_not_shown_is_still_compared(paper):
    scores = long_table(paper_grid("table5"), ["w2", "mmd2", "fd"])
    shape = {"datasets": ["parse1m"], "baselines": [], "notes": {}, "bottlenecks": BOTTLENECKS, "priors": PRIORS}
    shape |= {"libraries": {}}
    compared = render("table5", scores, paper, columns=["w2"], **shape).compared
    assert compared["ours"].notna().all() and len(compared) == 36


@pytest.mark.parametrize("item", ABLATIONS)
def test_a_dataset_that_the_paper_lacks_has_a_companion_of_one_sentence(item, paper):
    runs = [model("demo", "ar", "mse", 0), model("demo", "ar", "nb-deter", 0)]
    text = made(item, paper, runs).compared_markdown
    assert "The paper has no numbers for demo, so there is nothing to compare." in text
    assert len(text.splitlines()) == 1


def test_a_dataset_that_only_this_table_lacks_is_not_said_to_be_unknown(paper):
    runs = [run | {"dataset": "replogle"} for run in paper_grid("table5")]
    assert "The paper's Table 5 has no numbers for Replogle" in made("table5", paper, runs).markdown


def test_sampling_steps_tell_priors_apart(paper):
    runs = [model("replogle", prior, "mse", 0) for prior in ("mdlm-1", "mdlm-32", "mdlm")]
    table = made("mdlm-steps", paper, runs, ["w2"])
    assert [line[1] for line in cells(table.markdown)[2:]] == ["MDLM, 1 step", "MDLM, 32 steps", "MDLM, 128 steps"]
    assert table.markdown.startswith("**Denoising steps.**")
    assert "The paper has no such table" in table.markdown
    assert table.compared_markdown == (
        "**Denoising steps beside the paper.** The paper has no such table, so there is nothing to compare.\n"
    )


def test_decoders_that_know_the_library_are_named(paper):
    runs = [model("replogle", "ar", decoder, 0) for decoder in ("nb-sample-drawn", "nb-sample-told")]
    lines = cells(made("library-leak", paper, runs, ["w2"]).markdown)[2:]
    assert [line[2] for line in lines] == ["nb-sample, drawn library", "nb-sample, true library"]


def beside(paper, *, library_size: str) -> Rendered:
    """Table 1 of one run, with another library size in its companion."""
    shown, other = ([model("replogle", "ar", d, seed) for seed in (0, 1)] for d in ("nb-sample", "nb-sample-drawn"))
    shape = {"columns": ["w2"], "datasets": ["replogle"], "baselines": [], "notes": {}}
    shape |= {"bottlenecks": BOTTLENECKS, "priors": PRIORS, "libraries": {"nb-sample": library_size}}
    return render("table1", long_table(shown, ["w2"], None), paper, **shape, companion=long_table(other, ["w2"], None))


def test_either_library_size_stands_in_the_companion_beside_the_papers_number(paper):
    made = beside(paper, library_size="true-cell")
    assert "drawn library" not in made.markdown
    numbers = made.compared[made.compared["ours"].notna() & (made.compared["metric"] == "w2")]
    assert numbers["label"].tolist() == ["AR nb-sample", "AR nb-sample, drawn library"]
    assert numbers["theirs"].tolist() == [7.969, 7.969]
    lines = cells(made.compared_markdown.partition("**Beside Table 1.**")[2])[2:]
    assert [line[2] for line in lines] == ["nb-sample", "nb-sample, drawn library"]


@pytest.mark.parametrize("library_size,said", [("true-cell", "are told the library size of the true cell"),
                                               ("drawn", "draw each library size from training cells")])  # fmt: skip
def test_a_table_says_which_library_size_its_nb_rows_know(paper, library_size, said):
    assert said in beside(paper, library_size=library_size).markdown


def test_a_table_without_such_rows_says_nothing_of_library_sizes(paper):
    libraries = {"nb-sample": "true-cell", "nb-deter": "true-cell"}
    assert told(libraries, ["mse", "ce-quant", "nb-sample-drawn"]) == []
    assert len(told(libraries, ["nb-sample", "mse", "nb-deter"])) == 1


@pytest.mark.parametrize("item", ["table4", "table6"])
def test_references_close_a_table_of_any_kind_with_their_footnote(item, paper):
    runs = [model("replogle", "ar", "mse", 0), baseline("replogle", "control"), baseline("replogle", "perturb-mean")]
    text = made(item, paper, runs).markdown
    assert [line[1] for line in cells(text)[3:]] == ["PerturbMean", "Control as prediction<sup>a</sup>"]
    assert "<sup>a</sup> Control as prediction:" in text
    assert len({len(line) for line in cells(text)}) == 1


def test_shares_of_zeros_are_never_bold_and_have_no_arrow(paper):
    runs = [model("replogle", "true-codes", decoder, 0) for decoder in ("mse", "nb-sample")]
    lines = cells(made("reconstruction", paper, runs, ["r2_mean", "zero_fraction", "zero_fraction_true"]).markdown)
    assert lines[0][4:] == ["R² mean ↑", "zeros", "zeros (true)"]
    assert [sum("**" in line[i] for line in lines[2:]) for i in (4, 5, 6)] == [1, 0, 0]
    assert lines[2][1] == "True codes"


def test_every_form_is_written(tmp_path, tables):
    paths = {form: str(tmp_path / form) for form in ("csv", "md", "tex", "compared_csv", "compared_md")}
    save(tables["table4"], paths)
    assert (tmp_path / "compared_md").read_text().startswith("**Table 4 beside the paper.**")
    assert len(pd.read_csv(tmp_path / "compared_csv")) == 77
    assert len(list(tmp_path.iterdir())) == 5


def test_every_table_of_the_paper_has_a_card():
    assert set(of_kind("scores")) == {"table1", *ABLATIONS, *OURS}


def test_only_the_forms_that_are_asked_for_are_written(tmp_path, tables):
    save(tables["table4"], {"md": str(tmp_path / "table4.md"), "scores": str(tmp_path / "scores.csv")})
    assert [path.name for path in tmp_path.iterdir()] == ["table4.md"]


def test_a_table_without_a_card_is_called_after_its_key(paper):
    assert "**Own heads." in made("table-own-heads", paper, [model("demo", "ar", "mse", 0)], ["w2"]).markdown


def test_a_note_with_markup_is_text_in_every_format(paper):
    note = "<script>alert(1)</script> ![x](https://evil.invalid/x.png) 10<sup>4</sup> $x_1$ & 5%\n\n# more"
    runs = [run for run in paper_grid("table5") if run["dataset"] == "parse1m"]
    metrics = ["w2"]
    table = render(
        "table5", long_table(runs, metrics), paper, columns=metrics, datasets=["parse1m"], baselines=[],
        notes={"parse1m": note}, bottlenecks=BOTTLENECKS, priors=PRIORS, libraries={},
    )  # fmt: skip
    shown = from_markdown(table.markdown, "Table 5")
    assert "<script" not in shown and "<img" not in shown and "evil.invalid/x.png" in shown and "<h1" not in shown
    assert "&lt;script&gt;" in table.markdown and "10<sup>4</sup>" in table.markdown and "<script" not in table.markdown
    assert r"10\textsuperscript{4} \$x\_1\$ \& 5\% \# more." in table.latex and "<" not in table.latex
