import pytest

from expressionvae.paper.claims.common import LATENT, OTHERS
from expressionvae.paper.claims.evidence import Evidence
from tests.paper.claims.samples import SCREEN, evidence, judged, model, rivals, scores, verdict


@pytest.mark.parametrize("times,said", [(4, "holds"), (2, "does not hold"), (3.163, "not decided")])
def test_roughly_an_order_is_nearer_to_ten_than_to_one(times, said):
    assert verdict("roughly-an-order", evidence(model("fd", 2.0) | rivals("fd", 2.0 * times, LATENT)), "FD") == said


@pytest.mark.parametrize("times,said", [(20, "holds"), (5, "does not hold"), (10.01, "not decided")])
def test_an_order_of_magnitude_is_ten_times_beyond_noise(times, said):
    assert verdict("order-of-magnitude", evidence(model("fd", 2.0) | rivals("fd", 2.0 * times, LATENT)), "FD") == said


def test_one_good_baseline_refutes_and_only_all_of_them_confirm():
    near, far = rivals("fd", 10.0, ["cpa"]), rivals("fd", 90.0, ["cpa"])
    assert verdict("order-of-magnitude", evidence(model("fd", 2.0) | near), "FD") == "does not hold"
    found = judged("order-of-magnitude", evidence(model("fd", 2.0) | far))[SCREEN, "FD"]
    assert found.verdict == "not decided" and "not run here: scVI, scLDM" in found.reason.replace(
        "scLDM, scVI", "scVI, scLDM"
    )


def test_a_baseline_that_was_not_run_has_the_papers_number_and_this_is_said():
    borrowed = scores(rivals("fd", 50.0, ["scldm"]))
    found = judged("order-of-magnitude", evidence(model("fd", 2.0), borrowed=borrowed))[SCREEN, "FD"]
    assert (found.verdict, found.effect) == ("holds", 25.0)
    assert "scLDM was not run here: its number is the paper's" in found.reason


def test_a_baseline_that_was_run_goes_before_the_papers_number():
    body = evidence(model("fd", 2.0) | rivals("fd", 4.0, ["scldm"]), borrowed=scores(rivals("fd", 50.0, ["scldm"])))
    found = judged("order-of-magnitude", body)[SCREEN, "FD"]
    assert (found.verdict, found.effect) == ("does not hold", 2.0) and "not run here" not in found.reason


def test_a_single_replicate_decides_nothing():
    body = evidence(model("fd", 2.0) | rivals("fd", 90.0), n=1)
    assert verdict("order-of-magnitude", body, "FD") == "not decided"
    assert verdict("beats-baselines", body, "FD (nb-sample row)") == "not decided"


@pytest.mark.parametrize("value,said", [(90.0, "holds"), (9.0, "does not hold")])
def test_the_nearest_of_the_others_decides_their_lag(value, said):
    cells = model("fd", 2.0) | rivals("fd", 500.0, OTHERS) | {("cpa", "fd"): value}
    assert verdict("lag-of-others", evidence(cells), "FD") == said


def test_a_distance_of_zero_has_no_ratio():
    assert verdict("order-of-magnitude", evidence(model("fd", 0.0) | rivals("fd", 9.0)), "FD") == "not decided"


def test_nothing_at_all_gives_no_findings():
    assert judged("order-of-magnitude", Evidence(published=False)) == {}
