import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expressionvae.paper.claims.common import DECODERS
from expressionvae.paper.claims.evidence import Evidence
from tests.paper.claims.samples import SCREEN, evidence, judged, scores, verdict


def ordered(metric: str, values) -> dict[tuple[str, ...], float]:
    """The five decoders, richest first, the same under both priors."""
    return {(p, d, metric): float(v) for p in ("ar", "mdlm") for d, v in zip(DECODERS, values, strict=True)}


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
    body = evidence(ordered("fd", RISING), n=1)
    for claim, part in (
        ("richness-sign", "FD"),
        ("richness-monotone", "FD"),
        ("nb-pair", "FD"),
        ("fd-collapse", "FD, AR"),
    ):
        assert verdict(claim, body, part) == "not decided"


@pytest.mark.parametrize("drawn,mean,said", [(2, 9, "holds"), (9, 2, "does not hold"), (9, 9, "not decided")])
def test_the_nb_pair_has_to_differ_as_the_paper_says(drawn, mean, said):
    assert verdict("nb-pair", evidence(ordered("fd", [1, drawn, 3, 4, mean])), "FD") == said


def test_the_nb_pair_turns_round_for_mean_ranking():
    assert verdict("nb-pair", evidence(ordered("overlap_at_n", [1, 2, 3, 4, 9])), "ovl@N") == "holds"


def both_screens(parse, replogle) -> Evidence:
    parts = [scores(ordered("pearson_delta", v), d) for d, v in (("parse1m", parse), ("replogle", replogle))]
    parts[0]._numbers.update(parts[1]._numbers)
    return Evidence(published=False, scores=parts[0])


@pytest.mark.parametrize(
    "replogle,said,flips", [(RISING, "holds", "holds"), (FALLING, "does not hold", "does not hold")]
)
def test_pearson_delta_flips_if_each_rule_wins_somewhere(replogle, said, flips):
    found = judged("delta-flips", both_screens(FALLING, replogle))
    assert found["parse1m", "P-Δ"].verdict == "holds"
    assert found["replogle", "P-Δ"].verdict == said
    assert found["all screens", "P-Δ"].verdict == flips


def test_one_screen_cannot_flip_and_an_unknown_screen_was_not_predicted():
    found = judged("delta-flips", evidence(ordered("pearson_delta", RISING), dataset="made-up"))
    assert {f.verdict for f in found.values()} == {"not decided"}
    assert "deterministic wins" in found["made-up", "P-Δ"].reason


@pytest.mark.parametrize(
    "dataset,poorest,said",
    [
        ("replogle", 5, "holds"),
        ("parse1m", 5, "does not hold"),
        ("parse1m", 150, "holds"),
        ("replogle", 0.5, "does not hold"),
    ],
)
def test_the_collapse_of_fd_is_a_hundredfold_on_parse(dataset, poorest, said):
    body = evidence(ordered("fd", [1, 2, 3, 4, poorest]), dataset=dataset)
    assert verdict("fd-collapse", body, "FD, AR", dataset) == said
