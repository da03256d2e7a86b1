"""Which prediction a page trusts, and what it warns of first."""

import math

import pytest

from expressionvae.pairs import HERE, UNDEFINED
from expressionvae.prediction import trust
from expressionvae.prediction.trust import Identity, Known, Share
from expressionvae.prediction.verdict import Choice, Decision, decide, verdict

KNOWN = Known("B", "stim", 50, 3, 0, 90, "elsewhere")
MODEL = "fsq ar hurdle"


def scored(identity, pearson_delta, fd, *, name=MODEL, se=0.01, types="TU", n=4) -> list[trust.Tested]:
    """Scores of a predictor in some left-out cell types; the errors of FD are a hundred times as large."""
    errors = {"pearson_delta": se, "fd": 100 * se}
    return [trust.Tested(name, kind, identity, pearson_delta, fd, errors, n) for kind in types]


AVERAGE = scored(1.0, 0.8, 100.0, name=trust.MEAN)
TESTED = scored(0.9, 0.95, 50.0) + AVERAGE
LOST = Identity({MODEL: Share(0.95, 0.97, 0.2, 0.9), trust.MEAN: Share(0.96, 0.97)}, 0.98)
CHANGED = Identity({MODEL: Share(0.3, 0.97, 0.97, 0.97), trust.MEAN: Share(0.96, 0.97)}, 0.98)
KEPT = Identity({MODEL: Share(0.9, 0.97, 0.97, 0.97), trust.MEAN: Share(0.96, 0.97)}, 0.98)


@pytest.mark.parametrize(
    ("model", "choice"),
    [
        (scored(0.9, 0.95, 50.0), Choice.MODEL),
        (scored(0.9, 0.95, 99.0), Choice.EFFECTS),
        (scored(0.9, 0.95, 500.0), Choice.EFFECTS),
        (scored(0.2, 0.95, 50.0), Choice.OTHER_TYPE),
        (scored(0.9, 0.5, 50.0), Choice.NO_BETTER),
        (scored(0.9, 0.81, 50.0), Choice.NOISE),
        (scored(0.9, 0.95, 50.0, se=math.nan, n=1), Choice.NOISE),
        (scored(0.9, 0.95, 50.0, types="T"), Choice.NOISE),
        (scored(0.9, 0.95, 50.0, types="T") + scored(0.9, 0.805, 50.0, types="U"), Choice.NOISE),
        (scored(0.9, 0.95, 50.0, types="T") + scored(0.9, 0.95, 50.0, types="V"), Choice.NOISE),
    ],
)
def test_a_model_is_trusted_where_it_did_better_beyond_noise_in_every_type_that_was_left_out(model, choice):
    assert decide(KNOWN, [MODEL], model + AVERAGE, Identity()) == Decision(choice, MODEL)


def test_what_has_one_replicate_on_either_side_is_not_known_to_be_better():
    single = scored(0.9, 0.95, 50.0, se=math.nan, n=1) + scored(1.0, 0.8, 100.0, name=trust.MEAN, se=math.nan, n=1)
    assert decide(KNOWN, [MODEL], single, Identity()).choice == Choice.NOISE


def test_the_best_of_many_models_has_to_be_further_ahead_than_one_alone():
    near = scored(0.9, 0.84, 50.0)
    assert decide(KNOWN, [MODEL], near + AVERAGE, Identity()).choice == Choice.MODEL
    others = [f"other {number}" for number in range(30)]
    many = near + [one for name in others for one in scored(0.9, 0.7, 50.0, name=name)]
    assert decide(KNOWN, [MODEL, *others], many + AVERAGE, Identity()) == Decision(Choice.NOISE, MODEL)


def test_numbers_of_the_screens_whose_leads_are_noise_are_no_reason_to_trust():
    """perturbench-a172-left-out of docs/measured.md: P-Delta 0.11 against 0.09, FD 43 against 45, one left-out type."""
    lead = scored(0.99, 0.11, 43.0, se=0.03, types="T") + scored(1.0, 0.09, 45.0, name=trust.MEAN, se=0.001, types="T")
    assert "not beyond noise" in verdict(KNOWN, [MODEL], lead, {}, Identity())


@pytest.mark.parametrize(
    ("identity", "said"),
    [
        (KEPT, "Trust fsq ar hurdle: "),
        (CHANGED, "Trust PerturbMean: fsq ar hurdle has the better effects, but its cells are of another type"),
        (LOST, "Trust PerturbMean: fsq ar hurdle did better on effects elsewhere, but loses this cell type"),
    ],
)
def test_a_model_that_did_better_elsewhere_is_trusted_only_where_it_keeps_the_type(identity, said):
    sentence = verdict(KNOWN, [MODEL], TESTED, {}, identity)
    assert sentence.startswith(said) and "PerturbMean 96% (real controls 98%)" in sentence


def test_of_two_models_the_one_that_keeps_the_type_is_compared_with_perturb_mean():
    both = Identity({"better effects": Share(0.1, 0.9, 0.9, 0.9), **KEPT.shares}, 0.98)
    better = scored(0.9, 0.99, 50.0, name="better effects")
    assert verdict(KNOWN, ["better effects", MODEL], better + TESTED, {}, both).startswith(f"Trust {MODEL}")


def test_the_cell_type_is_told_where_nothing_was_tested():
    sentence = verdict(KNOWN, [MODEL], [], {MODEL: 0.5}, CHANGED)
    assert "Predicted here, cells called B: PerturbMean 96%, fsq ar hurdle 30% (real controls 98%)." in sentence


@pytest.mark.parametrize("elsewhere", [[], TESTED])
def test_nobody_is_trusted_on_a_perturbation_that_no_training_cell_has(elsewhere):
    unseen = Known("B", "GATA1", 50, 0, 0, 0, HERE)
    sentence = verdict(unseen, [MODEL], elsewhere, {MODEL: 0.5}, KEPT)
    assert sentence.startswith("Trust none for what sets GATA1 apart")
    assert "PerturbMean is what the others do in B on average" in sentence
    assert "fsq ar hurdle agrees with it by r = 0.50. Predicted here, cells called B: " in sentence


def test_no_agreement_is_told_where_none_is_known():
    assert "Fold changes" not in verdict(KNOWN, [MODEL], [], {}, Identity())


def test_a_lone_model_that_loses_the_type_is_trusted_by_nobody():
    alone = Known("B", "stim", 50, 0, 0, 0, UNDEFINED)
    assert verdict(alone, [MODEL], [], {}, LOST).startswith("Trust none")
    assert verdict(alone, [MODEL], [], {}, KEPT).startswith("Only a model predicts this pair")


@pytest.mark.parametrize("share", [Share(0.9, 0.2, 0.2, 0.9), Share(0.9, 0.97, 0.97, 0.2), Share(0.9, 0.97, 0.2, 0.9)])
def test_a_lost_type_is_said_before_anything_else(share):
    strange = Known("B", "stim", 5, 0, 3, 0, UNDEFINED)
    said = trust.warnings(strange, Identity({trust.MEAN: Share(0.1, 1.0), MODEL: share}, 0.98))
    assert said[0].startswith("fsq ar hurdle loses the cell type: ")
    assert said[1].startswith("PerturbMean: 10% of its perturbed cells are called B")


def test_what_reaches_the_real_controls_own_share_is_no_warning():
    rare = Identity({MODEL: Share(0.45, 0.45, 0.45, 0.45)}, 0.5)
    assert trust.warnings(KNOWN, rare) == [] and trust.warnings(KNOWN, Identity()) == []
