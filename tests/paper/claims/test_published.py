"""Run on the paper's own tables, every claim gets the verdict that its printed numbers support."""

import pytest

from expressionvae.paper import published
from expressionvae.paper.claims import sources
from expressionvae.paper.claims.judge import CLAIMS
from tests.paper.claims.samples import judged

R, P = "replogle", "parse1m"
H, N, O = "holds", "does not hold", "not decided"  # noqa: E741
EIGHT = ["W₂", "MMD²", "FD", "PDS", "PR-AUC", "Sp-sig", "Sp-LFC", "ovl@N"]
NINE = [*EIGHT, "P-Δ"]
BEATS = [f"{m} ({'mse' if m in ('Sp-LFC', 'ovl@N') else 'nb-sample'} row)" for m in EIGHT]
CH = ["Gene CH (T)", "Gene CH (U)"]
COLLAPSES = [f"{name}, {m}" for name in ("PerturbMean", "STATE") for m in EIGHT[:3]]
SCLDM = [*(f"strongest on {m}" for m in EIGHT[:3]), "trails on Sp-LFC", "trails on ovl@N"]
FIXED = [f"{prior} {decoder}" for decoder in ("mse", "nb (deter)") for prior in ("AR", "MDLM", "Flow")]
SWEPT = ["PDS", "ovl@N", "PR-AUC", "Sp-sig", "W₂", "MMD²", "FD"]
NOISE = [f"{m}, {prior}" for m in ("Sp-LFC", "ovl@N") for prior in ("AR", "MDLM")]
# By claim: its parts, and its verdicts on Replogle and on Parse 1M in the order of the parts.
VERDICTS = {
    "order-of-magnitude": (["MMD²", "FD"], [H, H], [N, N]),
    "roughly-an-order": (["MMD²", "FD"], [H, H], [H, H]),
    "lag-of-others": (["W₂", "MMD²", "FD"], [N, H, H], [N, H, H]),
    "beats-baselines": (BEATS, [H] * 8, [H, H, H, N, O, O, H, H]),
    "best-row": (EIGHT, [H, H, H, H, H, O, H, H], [H, H, H, H, H, H, O, H]),
    "top-of-both": ([""], [H], [O]),
    "delta-beats-baselines": (["P-Δ"], [H], [O]),  # no baseline has it on Parse
    "rivals-collapse": (COLLAPSES, [O, O, O, N, H, H], [O, O, O, N, H, H]),  # PerturbMean's distances are not printed
    "scldm-trails": (SCLDM, [H, H, H, H, H], [H, H, H, N, N]),
    "priors-within-noise": (NINE, [N, N, N, N, N, N, H, H, H], [H, N, N, H, N, H, H, H, H]),
    "priors-beside-decoders": (NINE, [H, H, H, N, N, N, O, H, H], [H, H, H, H, H, O, O, O, H]),
    "no-codebook-collapse": ([""], [O], [O]),
    "equal-parameters": ([""], [O], [O]),
    "richness-sign": ([*EIGHT, "all eight metrics"], [H, H, H, H, H, N, H, H, N], [H, H, H, H, H, H, N, H, N]),
    "richness-monotone": (EIGHT, [N, N, O, N, N, N, O, O], [O, H, H, H, H, O, N, N]),
    "nb-pair": (EIGHT, [H, H, H, O, H, O, H, H], [H, H, H, H, H, H, N, H]),
    "delta-flips": (["P-Δ"], [H], [H]),
    "fd-collapse": (["FD, AR", "FD, MDLM"], [H, H], [H, H]),
    "variance-collapse": (FIXED, [H] * 6, [H, H, N, H, H, N]),  # not under flow on Parse
    "anti-sparse": (["AR", "MDLM", "Flow"], [O] * 3, [O] * 3),
    "hurdle-recommended": ([""], [N], [N]),
    "table4-choice": (SWEPT, [H, N, N, N, N, N, N], []),
    "hurdle-best-auc": (["enrichment AUC"], [H], [H]),
    "pairing-varies": (["enrichment AUC"], [O], [O]),
    "fsq-ce-best-ch": (CH, [H, H], [H, H]),
    "fsq-dominates-ch": (CH, [O, O], [O, O]),  # no Gaussian bar is printed as a number
    "matches-scgpt": (["enrichment AUC"], [O], [O]),
    "matches-selectivity": (["selectivity AUC"], [O], [O]),
    "bounded-bins": ([""], [H], [H]),
    "same-head": (NINE, [N, N, N, N, O, O, O, O, O], [N, N, N, N, O, N, N, N, N]),
    "best-latent": (NINE, [H, O, O, H, H, H, O, H, H], [N, H, H, O, N, O, N, N, N]),
    "codes-capacity": (["mse", "nb-deter"], [O, O], [O, O]),
    "mean-or-sample": ([""], [O], [O]),
    "mdlm-steps": (["1 step against all", "32 steps against all"], [O, O], [O, O]),
    "library-leak": ([""], [O], [O]),
    "conditional-mean-bins": ([""], [O], [O]),
    "sampling-noise": (NOISE, [O] * 4, [O] * 4),
    "headline-unbiased": (["MMD²", "FD"], [O, O], [O, O]),
    "above-floor": (["W₂", "MMD²", "FD"], [O] * 3, [O] * 3),
    "right-cells": (["W₂", "MMD²", "FD"], [O] * 3, [O] * 3),
}


@pytest.fixture(scope="module")
def paper(repository):
    return sources.of_published(published.load(sorted((repository / "resources" / "published").glob("*.csv"))))


def test_every_claim_has_its_expected_verdicts_here():
    ids = [claim.id for claim in CLAIMS]
    lacking, gone = {*ids} - {*VERDICTS}, {*VERDICTS} - {*ids}
    assert not lacking and not gone, (
        f"VERDICTS of this file lacks {lacking or 'none'}; no claim has the id {gone or '-'}"
    )
    assert len(ids) == len({*ids}), "two claims have one id"


@pytest.mark.parametrize("claim", VERDICTS)
def test_the_papers_tables_give_the_papers_verdict_or_its_refutation(paper, claim):
    parts, *expected = VERDICTS[claim]
    found = judged(claim, paper)
    for dataset, verdicts in zip((R, P), expected, strict=True):
        assert [str(found[dataset, part].verdict) for part in parts if verdicts] == verdicts, dataset
    screens = [dataset for dataset, verdicts in zip((R, P), expected, strict=True) if verdicts]
    assert set(found) - {("all screens", "P-Δ")} == {(d, part) for d in screens for part in parts}


def test_pearson_delta_flips_between_the_screens(paper):
    found = judged("delta-flips", paper)
    assert found["all screens", "P-Δ"].verdict == "holds"
    assert (found[R, "P-Δ"].reason, found[P, "P-Δ"].reason) == ("deterministic wins", "sampling wins")


# Each effect by hand, from the tables as printed.
@pytest.mark.parametrize(
    "claim,dataset,part,effect",
    [
        ("order-of-magnitude", R, "FD", 53.75 / 4.67),
        ("order-of-magnitude", R, "MMD²", 0.200 / 0.010),
        ("order-of-magnitude", P, "FD", 18.14 / 3.11),
        ("order-of-magnitude", P, "MMD²", 0.027 / 0.008),
        ("lag-of-others", R, "W₂", 11.510 / 7.969),  # CPA
        ("delta-beats-baselines", R, "P-Δ", 0.965 - 0.420),
        ("rivals-collapse", R, "STATE, FD", 366.64 / 4.67),
        ("scldm-trails", R, "trails on Sp-LFC", 0.413 - 0.430),
        ("variance-collapse", P, "Flow mse", 0.994),
        ("hurdle-recommended", R, "", 2 / 16),  # W2 under MDLM, Sp-sig under AR
        ("table4-choice", R, "FD", 1 / 6),
        ("beats-baselines", P, "PDS (nb-sample row)", 0.931 - 0.973),  # PerturbMean
        ("best-row", R, "Sp-sig", 0.765 - 0.774),
        ("priors-within-noise", R, "FD", (5.20 - 4.67) / (0.03**2 + 0.06**2) ** 0.5),
        ("priors-beside-decoders", R, "PDS", (0.787 - 0.751) / ((0.803 + 0.779) / 2 - (0.751 + 0.738) / 2)),
        ("richness-sign", P, "FD", 1.0),
        ("richness-sign", P, "Sp-LFC", (0.2 - 0.2) / 2),  # AR 6 pairs of 10 in order, MDLM 4
        ("richness-sign", R, "all eight metrics", 15 / 16),
        ("nb-pair", P, "PR-AUC", ((0.493 - 0.129) + (0.495 - 0.117)) / 2),
        ("fd-collapse", P, "FD, AR", 454.06 / 1.84),
        ("delta-flips", R, "P-Δ", 0.953 - 0.965),
        ("delta-flips", P, "P-Δ", 0.989 - 0.809),
        ("pairing-varies", R, "enrichment AUC", 0.704 - 0.758),
        ("matches-scgpt", P, "enrichment AUC", 0.792 - 0.81),
        ("bounded-bins", R, "", 0.9969),
        ("same-head", R, "FD", (0 - 6) / 8),
        ("best-latent", R, "FD", 4.53 - 4.64),
        ("best-latent", P, "W₂", 11.890 - 11.949),
    ],
)
def test_effects_are_those_worked_out_by_hand(paper, claim, dataset, part, effect):
    assert judged(claim, paper)[dataset, part].effect == pytest.approx(effect, abs=1e-9)
