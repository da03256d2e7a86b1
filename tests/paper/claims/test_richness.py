import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.paper.claims.samples import SCREEN, evidence, judged, ordered, verdict

RISING, FALLING, SWAPPED = [1, 2, 3, 4, 5], [5, 4, 3, 2, 1], [1, 2, 3, 5, 4]


@pytest.mark.parametrize(
    "metric,part,right,wrong",
    [
        ("fd", "FD", RISING, FALLING),
        ("overlap_at_n", "ovl@N", RISING, FALLING),
        ("pds", "PDS", FALLING, RISING),
    ],
)
def test_the_sign_is_that_of_the_group_and_of_the_metric(metric, part, right, wrong):
    for values, said, tau in ((right, "holds", 1.0), (wrong, "does not hold", -1.0)):
        found = judged("richness-sign", evidence(ordered(metric, values)))[SCREEN, part]
        assert (found.verdict, found.effect) == (said, tau)
        assert verdict("richness-monotone", evidence(ordered(metric, values)), part) == said


def test_one_pair_the_wrong_way_round_refutes_the_order_but_not_the_sign():
    body = evidence(ordered("fd", SWAPPED))
    assert judged("richness-sign", body)[SCREEN, "FD"].effect == pytest.approx(0.8)
    found = judged("richness-monotone", body)[SCREEN, "FD"]
    assert found.verdict == "does not hold" and "AR mse and nb-deter" in found.reason


def test_a_pair_that_is_out_of_order_within_noise_decides_nothing():
    assert verdict("richness-monotone", evidence(ordered("fd", [1, 2, 3, 4.001, 4])), "FD") == "not decided"


@settings(deadline=None, max_examples=40)
@given(st.permutations(RISING))
def test_tau_counts_pairs_in_order_less_pairs_against(values):
    pairs = [(a, b) for i, a in enumerate(values) for b in values[i + 1 :]]
    found = judged("richness-sign", evidence(ordered("fd", values)))[SCREEN, "FD"]
    assert found.effect == pytest.approx(sum(1 if a < b else -1 for a, b in pairs) / 10)


def test_one_decoder_short_is_not_decided():
    cells = {key: v for key, v in ordered("fd", RISING).items() if key[1] != "hurdle"}
    for claim in ("richness-sign", "richness-monotone"):
        assert verdict(claim, evidence(cells), "FD") == "not decided"


def test_a_single_replicate_decides_nothing():
    for claim in ("richness-sign", "richness-monotone"):
        assert verdict(claim, evidence(ordered("fd", RISING), n=1), "FD") == "not decided"
