import pytest

from expressionvae.paper import published
from expressionvae.paper.claims import sources
from expressionvae.paper.claims.evidence import Evidence
from expressionvae.paper.claims.judge import CLAIMS, judge
from expressionvae.paper.claims.render import markdown
from tests.paper import samples
from tests.paper.claims.samples import encoders, evidence


@pytest.fixture(scope="module")
def paper(repository):
    return published.load(sorted((repository / "resources" / "published").glob("*.csv")))


@pytest.fixture(scope="module")
def ours(paper, tmp_path_factory) -> Evidence:
    folder = tmp_path_factory.mktemp("claims")
    runs = [samples.model("made-up", p, d, s) for p in ("ar", "mdlm") for d in samples.DECODERS for s in range(4)]
    runs += [samples.baseline("made-up", name, s) for name in ("perturb-mean", "true-vs-true") for s in range(4)]
    samples.made_up(folder, runs).to_csv(folder / "scores.csv", index=False)
    return sources.of_files([folder / "scores.csv"], paper, reversion=[], coverage={})


@pytest.fixture(scope="module")
def table(paper, ours):
    return judge(sources.of_published(paper), ours, ["made-up"])


@pytest.fixture(scope="module")
def page(paper, table) -> str:
    return markdown(table, sources.printed_twice(paper))


def test_names_of_claims_are_unique():
    assert len({claim.id for claim in CLAIMS}) == len(CLAIMS)


def test_nothing_at_all_is_judged_without_a_row_or_an_error():
    table = judge(Evidence(published=True), Evidence(published=False), [])
    assert len(table) == 0 and "claims" in markdown(table, sources.printed_twice(published.load([])))


def test_without_our_rows_nothing_is_decided_and_nothing_said_of_miniatures(paper):
    table = judge(sources.of_published(paper), Evidence(published=False), [])
    assert set(table["verdict_ours"]) == {"not decided at this scale"}
    assert set(table["reason_ours"]) == {"not run here"}
    assert "miniature" not in markdown(table, sources.printed_twice(paper))


def test_every_claim_is_judged_on_the_made_up_screen(table):
    assert set(table.loc[table["dataset"] == "made-up", "claim"]) == {claim.id for claim in CLAIMS}
    assert table.loc[table["dataset"] == "made-up", "made_up"].all()
    assert not table.loc[table["dataset"] == "replogle", "made_up"].any()


def test_a_made_up_reversion_screen_is_marked_too():
    body = encoders({("fsq", "hurdle"): 0.8}, screen="made-up-reversion")
    table = judge(Evidence(published=True), body, ["made-up-reversion"])
    assert len(table) and table["made_up"].all()


def test_one_row_of_a_model_is_enough_for_every_claim_to_answer():
    for cells in ({("ar", "nb-sample", "fd"): 1.0}, {("flow", "mse", "pds"): 0.5}, {("state", "fd"): 3.0}):
        table = judge(Evidence(published=True), evidence(cells), [])
        assert set(table["verdict_ours"]) == {"not decided at this scale"}


def test_the_page_counts_what_the_table_says_and_marks_the_miniature(table, page):
    made_up = table.loc[table["made_up"], "verdict_ours"]
    counts = [int((made_up == said).sum()) for said in ("holds", "does not hold", "not decided at this scale")]
    assert f"| ours, made-up screens (miniature) | {counts[0]} | {counts[1]} | {counts[2]} |" in page
    assert "they say nothing of the paper's screens" in page
    assert all(f"### {claim.id}\n" in page for claim in CLAIMS)
    assert "| Parse 1M | AR nb-sample | P-Δ | Table 1: 0.986 | Figure 2: 0.936 |" in page


def test_every_line_of_a_table_has_as_many_cells(page):
    for block in page.split("\n\n"):
        if block.startswith("| "):
            assert len({line.replace(r"\|", "").count("|") for line in block.splitlines()}) == 1
