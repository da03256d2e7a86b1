import pytest

from tests.paper.claims.samples import evidence, model, rivals, verdict


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


@pytest.mark.parametrize("metric,part,times,said", [
    ("fd", "FD", 20, "holds"), ("fd", "FD", 5, "does not hold"),
    ("w2", "W₂", 4, "holds"), ("w2", "W₂", 2, "does not hold"),
])  # fmt: skip
def test_a_collapse_is_ten_times_and_the_root_of_it_for_w2(metric, part, times, said):
    cells = model(metric, 2.0) | {("state", metric): 2.0 * times}
    assert verdict("rivals-collapse", evidence(cells), f"STATE, {part}") == said


def test_a_ranker_near_the_truth_has_not_collapsed():
    cells = model("fd", 50.0) | {("perturb-mean", "fd"): 42.0}
    assert verdict("rivals-collapse", evidence(cells), "PerturbMean, FD") == "does not hold"


@pytest.mark.parametrize("scldm,strongest,trails", [(0.6, "holds", "does not hold"), (0.2, "does not hold", "holds")])
def test_scldm_is_compared_with_the_best_other_baseline(scldm, strongest, trails):
    cells = rivals("overlap_at_n", 0.4) | {("scldm", "overlap_at_n"): scldm}
    cells |= rivals("fd", 40.0) | {("scldm", "fd"): 1 / scldm}
    cells |= {("state", "fd"): 1 / 0.4}
    assert verdict("scldm-trails", evidence(cells), "strongest on FD") == strongest
    assert verdict("scldm-trails", evidence(cells), "trails on ovl@N") == trails


def test_a_baseline_that_was_not_run_keeps_scldm_from_being_the_strongest():
    assert (
        verdict("scldm-trails", evidence({("scldm", "fd"): 1.0, ("cpa", "fd"): 9.0}), "strongest on FD")
        == "not decided"
    )
