import pytest

from tests.paper.claims.samples import evidence, verdict


@pytest.mark.parametrize("one,n,said", [(5.001, 4, "holds"), (9.0, 4, "does not hold"), (5.001, 2, "not decided")])
def test_steps_change_nothing_if_no_metric_moves_beyond_noise(one, n, said):
    body = evidence({("mdlm", "mse", "fd"): 5.0, ("mdlm-1", "mse", "fd"): one}, n=n)
    assert verdict("mdlm-steps", body, "1 step against all") == said
    assert verdict("mdlm-steps", body, "32 steps against all") == "not decided"


@pytest.mark.parametrize("leaked,said", [(5.001, "holds"), (3.0, "does not hold")])
def test_the_library_leak_shows_in_any_metric(leaked, said):
    body = evidence({("ar", "nb-sample-drawn", "fd"): 5.0, ("ar", "nb-sample-told", "fd"): leaked})
    assert verdict("library-leak", body) == said


def midpoints(r2: float) -> dict[tuple[str, ...], float]:
    return {("ar", "ce-quant", "r2_mean"): 0.9, ("ar", "ce-midpoint", "r2_mean"): r2}


@pytest.mark.parametrize("r2,said", [(0.5, "holds"), (0.9001, "does not hold"), (0.95, "does not hold")])
def test_conditional_means_matter_when_midpoints_are_worse(r2, said):
    assert verdict("conditional-mean-bins", evidence(midpoints(r2))) == said


@pytest.mark.parametrize("draws,said", [(0.39, "holds"), (0.21, "does not hold"), (0.27, "not decided")])
def test_noise_of_sampling_is_the_cause_when_the_mean_of_draws_closes_half_of_the_gap(draws, said):
    metric = "overlap_at_n"
    cells = {("ar", d, metric): v for d, v in (("nb-sample", 0.2), ("nb-draws", draws), ("nb-deter", 0.4))}
    assert verdict("sampling-noise", evidence(cells), "ovl@N, AR") == said


def test_without_a_gap_noise_explains_nothing():
    cells = {("ar", d, "overlap_at_n"): 0.2 for d in ("nb-sample", "nb-draws", "nb-deter")}
    assert verdict("sampling-noise", evidence(cells), "ovl@N, AR") == "not decided"
