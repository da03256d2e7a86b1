import pytest

from expressionvae.paper.claims.evidence import Evidence
from tests.paper.claims.samples import evidence, judged, ordered, scores, verdict

RISING, FALLING = [1, 2, 3, 4, 5], [5, 4, 3, 2, 1]


def test_a_single_replicate_decides_nothing():
    for claim, part in (("nb-pair", "FD"), ("fd-collapse", "FD, AR")):
        assert verdict(claim, evidence(ordered("fd", RISING), n=1), part) == "not decided"


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
