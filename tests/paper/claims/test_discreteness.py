import pytest

from expressionvae.paper.claims.common import DECODERS
from tests.paper.claims.samples import SCREEN, evidence, judged, verdict


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
