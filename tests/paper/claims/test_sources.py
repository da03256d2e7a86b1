import json

import pandas as pd
import pytest

from expressionvae.files import UserError
from expressionvae.paper import published
from expressionvae.paper.claims import sources
from tests.paper import samples
from tests.paper.claims.samples import judged


@pytest.fixture(scope="module")
def paper(repository) -> pd.DataFrame:
    return published.load(sorted((repository / "resources" / "published").glob("*.csv")))


def test_the_table_with_more_digits_goes_first(paper):
    number = sources.of_published(paper).scores.model("replogle", "ar", "ce-quant", "mmd2")
    assert number is not None and (number.mean, number.se, number.n) == (0.0087, 0.0003, 4)


def test_an_error_is_taken_from_a_printing_that_agrees_only(paper):
    numbers = sources.of_published(paper).scores
    agreeing, not_agreeing = (numbers.model(d, "mdlm", "nb-sample", "mmd2") for d in ("replogle", "parse1m"))
    assert agreeing is not None and (agreeing.mean, agreeing.se) == (0.013, 0.0001)  # Table 1, SE of Figure 2
    assert not_agreeing is not None and (not_agreeing.mean, not_agreeing.n) == (0.008, 0)  # Figure 2 says 0.003


def test_an_error_printed_as_zero_is_half_a_unit(paper):
    number = sources.of_published(paper).scores.model("replogle", "ar", "mse", "pearson_delta")
    assert number is not None and number.se == 0.0005


def test_flow_is_on_gaussian_latents(paper):
    numbers = sources.of_published(paper).scores
    assert numbers.model("parse1m", "flow", "mse", "w2") is None
    number = numbers.model("parse1m", "flow", "mse", "w2", bottleneck="gaussian")
    assert number is not None and number.mean == 11.890


def test_what_the_paper_prints_twice_is_known(paper):
    twice = sources.printed_twice(paper)
    assert len(twice) == 8
    assert set(twice["dataset"]) == {"parse1m"} and set(twice["item"]) == {"figure2"}
    pearson = twice[twice["metric"] == "pearson_delta"]
    assert (pearson["mean"] - pearson["other"]).tolist() == pytest.approx([0.05] * 6)


def written(folder, table: pd.DataFrame, name: str):
    table.to_csv(folder / name, index=False)
    return folder / name


@pytest.fixture
def table(tmp_path) -> pd.DataFrame:
    return samples.made_up(tmp_path, [samples.model("made-up", "ar", "mse", seed) for seed in (0, 1)])


def test_rows_that_two_files_share_count_once(tmp_path, table, paper):
    files = [written(tmp_path, table, "a.csv"), written(tmp_path, table, "b.csv")]
    ours = sources.of_files(files, paper, reversion=[], coverage={})
    number = ours.scores.model("made-up", "ar", "mse", "fd")
    assert number is not None and number.n == 2


def test_a_run_with_two_scores_is_a_wrong_computation(tmp_path, table, paper):
    files = [written(tmp_path, table, "a.csv"), written(tmp_path, table.assign(value=1.0), "b.csv")]
    with pytest.raises(AssertionError, match="two scores of one run"):
        sources.of_files(files, paper, reversion=[], coverage={})


def test_no_files_are_no_evidence(paper):
    ours = sources.of_files([], paper, reversion=[], coverage={})
    assert ours.datasets == [] and len(ours.borrowed) > 0


def test_coverage_is_the_share_and_a_file_without_it_is_named(tmp_path, paper):
    (tmp_path / "a.json").write_text(json.dumps({"share": 0.5}))
    (tmp_path / "b.json").write_text("{}")
    assert sources.of_files([], paper, reversion=[], coverage={"x": tmp_path / "a.json"}).coverage == {"x": 0.5}
    with pytest.raises(UserError, match="b.json: not the share .*: 'share' is missing"):
        sources.of_files([], paper, reversion=[], coverage={"x": tmp_path / "b.json"})


def test_a_reversion_table_without_a_column_is_named(tmp_path, paper):
    path = written(tmp_path, pd.DataFrame({"dataset": ["x"]}), "figure3.csv")
    with pytest.raises(UserError, match="figure3.csv: .*column 'embedding' is missing"):
        sources.of_files([], paper, reversion=[path], coverage={})


@pytest.mark.parametrize("published,part", [(0.7, "enrichment AUC"), (float("nan"), "enrichment AUC, anything")])
def test_the_papers_reversion_screen_is_known_by_its_numbers_and_not_by_its_name(tmp_path, paper, published, part):
    row = {"dataset": "d", "embedding": "trained", "bottleneck": "fsq", "head": "nb", "screen": "anything"}
    row |= {"metric": "enrichment_auc", "value": 0.8, "low": 0.78, "high": 0.82, "published": published}
    body = sources.of_files([], paper, reversion=[written(tmp_path, pd.DataFrame([row]), "figure3.csv")], coverage={})
    assert list(judged("matches-scgpt", body)) == [("d", part)]
