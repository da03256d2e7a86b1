from dataclasses import replace

import pytest

from expressionvae.paper.claims.common import DECODERS, LATENT, REAL
from expressionvae.paper.claims.evidence import Scores
from tests.paper.claims.samples import SCREEN, evidence, judged, scores, verdict


def grid(discrete: float, flow: float, metric: str = "fd") -> dict[tuple[str, ...], float]:
    return {(p, d, metric): discrete if p != "flow" else flow for p in ("ar", "mdlm", "flow") for d in DECODERS}


@pytest.mark.parametrize("claim", ["same-head", "best-latent"])
@pytest.mark.parametrize("flow,said", [(9.0, "holds"), (1.0, "does not hold"), (2.0, "not decided")])
def test_discrete_latents_have_to_beat_flow(claim, flow, said):
    assert verdict(claim, evidence(grid(2.0, flow)), "FD") == said


def test_as_many_pairs_won_as_lost_decide_nothing():
    cells = grid(2.0, 9.0) | {("flow", d, "fd"): 1.0 for d in DECODERS[:2]} | {("flow", DECODERS[2], "fd"): 2.0}
    assert verdict("same-head", evidence(cells), "FD") == "not decided"


def test_flow_on_other_latents_than_gaussian_is_not_asked():
    cells = {key: v for key, v in grid(2.0, 1.0).items() if key[0] != "flow"}
    assert verdict("best-latent", evidence(cells), "FD") == "not decided"


COLLAPSE = {("ar", "ce-quant", "fd"): 2.0, ("ar", "mse", "fd"): 400.0}


@pytest.mark.parametrize("codes,said", [(300.0, "holds"), (20.0, "does not hold"), (100.0, "not decided")])
def test_the_codes_are_the_cause_if_they_alone_have_half_of_the_distance(codes, said):
    found = judged("codes-capacity", evidence(COLLAPSE | {("true-codes", "mse", "fd"): codes}))[SCREEN, "mse"]
    assert (found.verdict, found.effect) == (said, codes / 400)


def test_what_does_not_collapse_has_no_cause():
    cells = COLLAPSE | {("ar", "mse", "fd"): 10.0, ("true-codes", "mse", "fd"): 9.0}
    found = judged("codes-capacity", evidence(cells))[SCREEN, "mse"]
    assert found.verdict == "not decided" and "does not collapse" in found.reason


def test_moments_of_the_true_codes_are_shown():
    more = {("true-codes", "mse", "fd"): 300.0, ("true-codes", "mse", "r2_mean"): -0.2, ("ar", "mse", "r2_mean"): -0.3}
    numbers = judged("codes-capacity", evidence(COLLAPSE | more))[SCREEN, "mse"].numbers
    assert "R² mean: true codes -0.200, AR -0.300" in numbers


@pytest.mark.parametrize("one,n,said", [(5.001, 4, "holds"), (9.0, 4, "does not hold"), (5.001, 2, "not decided")])
def test_steps_change_nothing_if_no_metric_moves_beyond_noise(one, n, said):
    body = evidence({("mdlm", "mse", "fd"): 5.0, ("mdlm-1", "mse", "fd"): one}, n=n)
    assert verdict("mdlm-steps", body, "1 step against all") == said
    assert verdict("mdlm-steps", body, "32 steps against all") == "not decided"


@pytest.mark.parametrize("leaked,said", [(5.001, "holds"), (3.0, "does not hold")])
def test_the_library_leak_shows_in_any_metric(leaked, said):
    body = evidence({("ar", "nb-sample-drawn", "fd"): 5.0, ("ar", "nb-sample-told", "fd"): leaked})
    assert verdict("library-leak", body) == said


def rows(metric: str, ours: float, baseline: float, names) -> dict[tuple[str, ...], float]:
    return {("ar", "nb-sample", metric): ours} | {(name, metric): baseline for name in names}


@pytest.mark.parametrize("baseline,said", [(90.0, "holds"), (9.0, "does not hold")])
def test_the_unbiased_headline_reads_the_unbiased_columns_and_borrows_nothing(baseline, said):
    body = evidence({("ar", "nb-sample", "fd"): 1.0}, borrowed=scores({("scldm", "fd"): 1e6}))
    unbiased = replace(body, unbiased=scores(rows("fd", 2.0, baseline, LATENT)))
    assert verdict("headline-unbiased", unbiased, "FD") == said
    assert verdict("headline-unbiased", body, "FD") == "not decided"


@pytest.mark.parametrize(
    "ours,baseline,said", [(6.0, 60.0, "holds"), (6.0, 10.0, "does not hold"), (5.0, 60.0, "not decided")]
)
def test_error_is_counted_above_the_floor(ours, baseline, said):
    half = scores(rows("fd", ours, baseline, REAL) | {("true-vs-true", "fd"): 5.0})
    body = replace(evidence({("ar", "nb-sample", "fd"): 1.0}), half=half)
    assert verdict("above-floor", body, "FD") == said
    assert verdict("above-floor", replace(body, half=Scores()), "FD") == "not decided"


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
