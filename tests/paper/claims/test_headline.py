import pytest

from expressionvae.paper.claims.common import LATENT, OTHERS, REAL
from expressionvae.paper.claims.evidence import Evidence
from tests.paper.claims.samples import SCREEN, evidence, judged, scores, verdict


def rivals(metric: str, value: float, names=REAL) -> dict[tuple[str, ...], float]:
    return {(name, metric): value for name in names}


def model(metric: str, value: float, decoder: str = "nb-sample") -> dict[tuple[str, ...], float]:
    return {(prior, decoder, metric): value for prior in ("ar", "mdlm")}


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


@pytest.mark.parametrize("mdlm,n,said", [(5.001, 4, "holds"), (6.0, 4, "does not hold"), (5.001, 2, "not decided")])
def test_priors_are_equal_within_noise_if_replicates_can_tell(mdlm, n, said):
    body = evidence({("ar", "mse", "fd"): 5.0, ("mdlm", "mse", "fd"): mdlm}, n=n)
    assert verdict("priors-within-noise", body, "FD") == said


@pytest.mark.parametrize("gap,said", [(1.0, "holds"), (3.0, "does not hold")])
def test_priors_are_compared_with_the_range_of_decoders(gap, said):
    body = evidence({("ar", "mse", "fd"): 20.0, ("mdlm", "mse", "fd"): 20.0 + gap} | model("fd", 2.0))
    assert verdict("priors-beside-decoders", body, "FD") == said


def test_a_wide_share_within_noise_refutes_nothing():
    body = evidence({("ar", "mse", "fd"): 20.0, ("mdlm", "mse", "fd"): 23.0} | model("fd", 2.0), se=0.2)
    assert verdict("priors-beside-decoders", body, "FD") == "not decided"


def test_a_distance_of_zero_has_no_ratio():
    assert verdict("order-of-magnitude", evidence(model("fd", 0.0) | rivals("fd", 9.0)), "FD") == "not decided"


def test_nothing_at_all_gives_no_findings():
    assert judged("order-of-magnitude", Evidence(published=False)) == {}
