"""What a measure's author is told where it, its card and its subject do not agree."""

from dataclasses import replace

import pytest

from expressionvae.catalogue.metrics import METRICS
from expressionvae.metrics.measures import measured


def right(true, predicted, **others):
    return {"mine": true - predicted}


def misspelt(true, predicted, **others):
    return {"mien": true - predicted}


def both(true, predicted, **others):
    return {"mine": true - predicted, "w2": 0.0}


def narrow(true, predicted):
    return {"mine": true - predicted}


@pytest.fixture
def mine(monkeypatch):
    """The number that a metric measured by one of the above has among those of two clouds."""

    def measure(name: str) -> float:
        for other in [name for name, card in METRICS.items() if card.subject == "clouds"]:
            monkeypatch.delitem(METRICS, other)
        card = replace(METRICS["pds"], name="mine", subject="clouds", measure=f"{__name__}.{name}")
        monkeypatch.setitem(METRICS, "mine", card)
        return measured("clouds", 3.0, 1.0, mmd_sigmas=[1], ridge=0.0)["mine"]

    return measure


def test_a_metric_is_measured_by_the_function_on_its_card(mine):
    assert mine("right") == 2.0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("misspelt", "misspelt: does not give 'mine', whose card names it as its measure; gives 'mien', and no card"),
        ("both", "both: gives 'w2', and no card of that name has it as its measure"),
        ("narrow", "narrow is called with 2 arguments by place and by name mmd_sigmas, ridge: .*others lets"),
    ],
)
def test_a_measure_that_disagrees_with_its_card_or_its_subject_is_named_with_what_is_wrong(mine, name, said):
    with pytest.raises(AssertionError, match=said):
        mine(name)
