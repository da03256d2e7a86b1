import pytest

from expressionvae.paper.claims.common import REAL
from tests.paper.claims.samples import SCREEN, evidence, judged, model, rivals, scores, verdict


@pytest.mark.parametrize("value,said", [(0.5, "holds"), (0.7, "does not hold"), (0.6, "not decided")])
def test_one_better_baseline_refutes_being_the_best(value, said):
    body = evidence(model("pds", 0.6) | rivals("pds", 0.4) | {("state", "pds"): value})
    assert verdict("beats-baselines", body, "PDS (nb-sample row)") == said


def test_control_and_the_floor_are_no_baselines():
    body = evidence(model("pds", 0.6) | {("control", "pds"): 0.9, ("true-vs-true", "pds"): 1.0})
    assert verdict("beats-baselines", body, "PDS (nb-sample row)") == "not decided"


@pytest.mark.parametrize("mse,said", [(0.5, "holds"), (0.9, "does not hold"), (0.6, "not decided")])
def test_the_row_that_the_paper_names_has_to_be_the_better_one(mse, said):
    assert verdict("best-row", evidence(model("pds", 0.6) | model("pds", mse, "mse")), "PDS") == said


@pytest.mark.parametrize("fd,said", [(9.0, "holds"), (1.0, "does not hold")])
def test_a_baseline_that_leads_in_both_families_refutes(fd, said):
    body = evidence(model("pds", 0.6) | model("fd", 2.0) | rivals("pds", 0.7) | rivals("fd", fd))
    assert verdict("top-of-both", body) == said


@pytest.mark.parametrize("value,said", [(0.5, "holds"), (0.9, "does not hold")])
def test_pearson_delta_is_compared_with_the_better_of_our_two_rows(value, said):
    cells = model("pearson_delta", 0.6) | model("pearson_delta", 0.8, "mse") | rivals("pearson_delta", value)
    assert verdict("delta-beats-baselines", evidence(cells), "P-Δ") == said


def test_an_own_number_goes_before_the_paper_s_and_what_is_borrowed_is_named():
    theirs = rivals("pds", 0.9) | rivals("fd", 90.0)
    ours = model("pds", 0.6) | model("fd", 2.0) | rivals("pds", 0.4, ["state", "scvi", "scgpt"])
    found = judged("beats-baselines", evidence(ours, borrowed=scores(theirs)))[SCREEN, "PDS (nb-sample row)"]
    assert str(found.verdict) == "does not hold"
    assert found.reason.endswith("(CPA, scLDM, PerturbMean were not run here: their numbers are the paper's)")
    every = evidence(model("pds", 0.6) | rivals("pds", 0.4), borrowed=scores(theirs))
    found = judged("beats-baselines", every)[SCREEN, "PDS (nb-sample row)"]
    assert (str(found.verdict), "paper's" in found.reason) == ("holds", False)


def test_a_metric_that_is_undefined_for_a_baseline_that_was_run_is_not_the_paper_s():
    ours = model("spearman_sig", 0.6) | rivals("spearman_sig", 0.4, [name for name in REAL if name != "scvi"])
    body = evidence(ours | {("scvi", "fd"): 9.0}, borrowed=scores(rivals("spearman_sig", 0.9)))
    found = judged("beats-baselines", body)[SCREEN, "Sp-sig (nb-sample row)"]
    assert (str(found.verdict), "not run here" in found.reason) == ("holds", False)
    alone = judged("beats-baselines", evidence(ours | {("scvi", "fd"): 9.0}))[SCREEN, "Sp-sig (nb-sample row)"]
    assert (str(alone.verdict), "not run here" in alone.reason) == ("holds", False)


def test_top_of_both_names_the_rows_that_it_borrows():
    body = evidence(model("pds", 0.6) | model("fd", 2.0), borrowed=scores(rivals("pds", 0.7) | rivals("fd", 9.0)))
    assert "were not run here: their numbers are the paper's" in judged("top-of-both", body)[SCREEN, ""].reason


@pytest.mark.parametrize("claim", ["beats-baselines", "order-of-magnitude", "lag-of-others"])
def test_rows_that_the_paper_lacks_do_not_compete_in_its_claims(claim):
    cells = model("fd", 2.0) | rivals("fd", 90.0)
    more = cells | {(name, "fd"): 0.1 for name in ("scvi-sample", "cpa-sample", "linear", "scgen")}
    part = "FD (nb-sample row)" if claim == "beats-baselines" else "FD"
    assert verdict(claim, evidence(cells), part) == verdict(claim, evidence(more), part) == "holds"
