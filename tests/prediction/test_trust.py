"""Which prediction a page trusts, and what it warns of first."""

import pytest

from expressionvae.pairs import HERE, UNDEFINED
from expressionvae.prediction import trust
from expressionvae.prediction.trust import Identity, Known, Share

KNOWN = Known("B", "stim", 50, 3, 0, 90, "elsewhere")
MODEL = "fsq ar hurdle"
TESTED = [trust.Tested(MODEL, "T", 0.9, 0.95, 50.0), trust.Tested(trust.MEAN, "T", 1.0, 0.8, 100.0)]
LOST = Identity({MODEL: Share(0.95, 0.97, 0.2, 0.9), trust.MEAN: Share(0.96, 0.97)}, 0.98)
CHANGED = Identity({MODEL: Share(0.3, 0.97, 0.97, 0.97), trust.MEAN: Share(0.96, 0.97)}, 0.98)
KEPT = Identity({MODEL: Share(0.9, 0.97, 0.97, 0.97), trust.MEAN: Share(0.96, 0.97)}, 0.98)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ((0.9, 0.95, 50.0), "Trust fsq ar hurdle: it did better"),
        ((0.9, 0.95, 500.0), "for which genes change and PerturbMean for whole cells"),
        ((0.2, 0.95, 50.0), "the better effects, but its cells are of another type"),
        ((0.9, 0.5, 50.0), "Trust PerturbMean: fsq ar hurdle did no better"),
    ],
)
def test_who_did_better_where_it_was_tested_is_trusted(model, said):
    tested = [trust.Tested(MODEL, "T", *model), TESTED[1]]
    assert said in trust.verdict(KNOWN, [MODEL], tested, {}, Identity())


@pytest.mark.parametrize(
    ("identity", "said"),
    [
        (KEPT, "Trust fsq ar hurdle: "),
        (CHANGED, "Trust PerturbMean: fsq ar hurdle has the better effects, but its cells are of another type"),
        (LOST, "Trust PerturbMean: fsq ar hurdle did better on effects elsewhere, but loses this cell type"),
    ],
)
def test_a_model_that_did_better_elsewhere_is_trusted_only_where_it_keeps_the_type(identity, said):
    sentence = trust.verdict(KNOWN, [MODEL], TESTED, {}, identity)
    assert sentence.startswith(said) and "PerturbMean 96% (real controls 98%)" in sentence


def test_of_two_models_the_one_that_keeps_the_type_is_compared_with_perturb_mean():
    both = Identity({"better effects": Share(0.1, 0.9, 0.9, 0.9), **KEPT.shares}, 0.98)
    tested = [trust.Tested("better effects", "T", 0.9, 0.99, 50.0), *TESTED]
    assert trust.verdict(KNOWN, ["better effects", MODEL], tested, {}, both).startswith(f"Trust {MODEL}")


def test_the_cell_type_is_told_where_nothing_was_tested():
    sentence = trust.verdict(KNOWN, [MODEL], [], {MODEL: 0.5}, CHANGED)
    assert "Predicted here, cells called B: PerturbMean 96%, fsq ar hurdle 30% (real controls 98%)." in sentence


@pytest.mark.parametrize("tested", [[], TESTED])
def test_nobody_is_trusted_on_a_perturbation_that_no_training_cell_has(tested):
    unseen = Known("B", "GATA1", 50, 0, 0, 0, HERE)
    sentence = trust.verdict(unseen, [MODEL], tested, {MODEL: 0.5}, KEPT)
    assert sentence.startswith("Trust none for what sets GATA1 apart")
    assert "PerturbMean is what the others do in B on average" in sentence
    assert "fsq ar hurdle agrees with it by r = 0.50. Predicted here, cells called B: " in sentence


def test_no_agreement_is_told_where_none_is_known():
    assert "Fold changes" not in trust.verdict(KNOWN, [MODEL], [], {}, Identity())


def test_a_lone_model_that_loses_the_type_is_trusted_by_nobody():
    alone = Known("B", "stim", 50, 0, 0, 0, UNDEFINED)
    assert trust.verdict(alone, [MODEL], [], {}, LOST).startswith("Trust none")
    assert trust.verdict(alone, [MODEL], [], {}, KEPT).startswith("Only a model predicts this pair")


@pytest.mark.parametrize("share", [Share(0.9, 0.2, 0.2, 0.9), Share(0.9, 0.97, 0.97, 0.2), Share(0.9, 0.97, 0.2, 0.9)])
def test_a_lost_type_is_said_before_anything_else(share):
    strange = Known("B", "stim", 5, 0, 3, 0, UNDEFINED)
    said = trust.warnings(strange, Identity({trust.MEAN: Share(0.1, 1.0), MODEL: share}, 0.98))
    assert said[0].startswith("fsq ar hurdle loses the cell type: ")
    assert said[1].startswith("PerturbMean: 10% of its perturbed cells are called B")


def test_what_reaches_the_real_controls_own_share_is_no_warning():
    rare = Identity({MODEL: Share(0.45, 0.45, 0.45, 0.45)}, 0.5)
    assert trust.warnings(KNOWN, rare) == [] and trust.warnings(KNOWN, Identity()) == []
