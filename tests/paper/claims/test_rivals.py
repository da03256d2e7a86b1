import pytest

from tests.paper.claims.samples import evidence, model, rivals, verdict


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
