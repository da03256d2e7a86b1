import math
from dataclasses import replace

import pytest

from expressionvae.paper.claims.sources import auc_se
from tests.paper.claims.samples import SCREEN, encoders, evidence, judged, verdict

HEADS = ("ce", "hurdle", "mse", "nb")
FLAT = {(b, h): 0.6 for b in ("fsq", "gaussian") for h in HEADS}
AUC, CH = "enrichment AUC", "Gene CH (T)"


@pytest.mark.parametrize("best,half,said", [(("fsq", "hurdle"), 0.01, "holds"), (("fsq", "ce"), 0.01, "does not hold"),
                                            (("fsq", "hurdle"), 0.2, "not decided")])  # fmt: skip
def test_the_best_auc_has_to_be_a_hurdle_heads_beyond_the_intervals(best, half, said):
    assert verdict("hurdle-best-auc", encoders(FLAT | {best: 0.8}, half=half), AUC) == said


def test_a_head_that_was_not_run_leaves_the_best_open():
    some = {key: 0.6 for key in FLAT if key[1] != "mse"} | {("fsq", "hurdle"): 0.8}
    found = judged("hurdle-best-auc", encoders(some))[SCREEN, AUC]
    assert found.verdict == "not decided" and "heads not run: mse" in found.reason


def test_an_untrained_encoder_is_no_encoder():
    body = encoders(FLAT | {("fsq", "hurdle"): 0.8, ("fsq", "ce"): 0.95})
    rows = body.reversion.copy()
    rows.loc[(rows["head"] == "ce") & (rows["bottleneck"] == "fsq"), "embedding"] = "untrained"
    assert verdict("hurdle-best-auc", replace(body, reversion=rows), AUC) == "holds"


@pytest.mark.parametrize("fsq,gaussian,half,said", [(0.6, 0.8, 0.01, "holds"), (0.8, 0.6, 0.01, "does not hold"),
                                                    (0.6, 0.8, 0.3, "not decided")])  # fmt: skip
def test_the_pairing_on_replogle_is_gaussian(fsq, gaussian, half, said):
    body = encoders({("fsq", "hurdle"): fsq, ("gaussian", "hurdle"): gaussian}, half=half)
    assert verdict("pairing-varies", body, AUC) == said


@pytest.mark.parametrize("best,said", [(("fsq", "ce"), "holds"), (("fsq", "nb"), "does not hold"),
                                       (("gaussian", "ce"), "does not hold")])  # fmt: skip
def test_the_best_separability_has_to_be_fsq_and_ce(best, said):
    body = encoders(FLAT | {best: 4.0}, "gene_ch_treated", half=math.nan)
    assert verdict("fsq-ce-best-ch", body, CH) == said


@pytest.mark.parametrize("wins,said", [(4, "holds"), (3, "holds"), (2, "does not hold"), (0, "does not hold")])
def test_to_dominate_is_to_win_with_three_heads_of_four(wins, said):
    body = encoders(FLAT | {("fsq", h): 0.9 for h in HEADS[:wins]}, "gene_ch_treated")
    found = judged("fsq-dominates-ch", body)[SCREEN, CH]
    assert (found.verdict, found.effect) == (said, wins / 4)


@pytest.mark.parametrize("value,half,said", [(0.79, 0.04, "holds"), (0.9, 0.01, "holds"), (0.6, 0.1, "does not hold"),
                                             (0.79, 0.2, "not decided"), (0.79, math.nan, "not decided")])  # fmt: skip
def test_scgpt_is_matched_when_a_narrow_interval_reaches_it(value, half, said):
    assert verdict("matches-scgpt", encoders({("fsq", "hurdle"): value}, half=half), AUC) == said


@pytest.mark.parametrize("fsq,half,said", [(0.9, 0.04, "holds"), (0.8, 0.04, "holds"), (0.6, 0.04, "does not hold"),
                                          (0.8, 0.2, "not decided"), (0.8, math.nan, "not decided")])  # fmt: skip
def test_selectivity_is_matched_when_narrow_intervals_meet_or_fsq_is_above(fsq, half, said):
    body = encoders({("fsq", "nb"): fsq, ("gaussian", "nb"): 0.8}, "selectivity_auc", half=half)
    assert verdict("matches-selectivity", body, "selectivity AUC") == said


def test_scgpts_number_is_not_about_another_screen():
    body = encoders({("fsq", "hurdle"): 0.95}, screen="made-up-reversion")
    assert verdict("matches-scgpt", body, f"{AUC}, made-up-reversion") == "not decided"


def test_a_screen_without_encoders_is_not_decided():
    body = evidence({("ar", "mse", "fd"): 1.0})
    for claim in ("hurdle-best-auc", "pairing-varies", "matches-scgpt"):
        assert verdict(claim, body, AUC) == "not decided"


def test_the_error_of_an_auc_is_hanley_and_mcneils():
    # 0.5 and one of each: sqrt(0.25). The paper's: A = 0.792, Q1 = A / (2 - A) = 0.6556, Q2 = 2 A^2 / (1 + A) = 0.7000,
    # sqrt((0.1647 + 5 * 0.0283 + 1725 * 0.0727) / (6 * 1726)) = 0.110.
    assert auc_se(0.5, 1, 1) == pytest.approx(0.5)
    assert auc_se(0.792, 6, 1726) == pytest.approx(0.110, abs=0.001)
