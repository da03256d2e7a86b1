"""All claims on the paper's numbers and on ours, side by side, one row per claim, screen and part."""

import math
from collections.abc import Collection

import pandas as pd

from expressionvae.paper import names
from expressionvae.paper.claims import (
    baselines,
    bins,
    decoders,
    discreteness,
    emitted,
    encoders,
    estimates,
    headline,
    latents,
    priors,
    procedure,
    richness,
    rivals,
    sampling_or_mean,
)
from expressionvae.paper.claims.common import ALL
from expressionvae.paper.claims.evidence import Evidence
from expressionvae.paper.claims.verdict import Claim, Finding, Verdict

GROUPS: list[tuple[str, list[Claim]]] = [
    (
        "Section 4.1: discrete latents against baselines",
        [*headline.CLAIMS, *baselines.CLAIMS, *rivals.CLAIMS, *priors.CLAIMS, *latents.CLAIMS],
    ),
    (
        "Section 4.2: the richness of sampling orders the decoders",
        [*richness.CLAIMS, *sampling_or_mean.CLAIMS, *decoders.CLAIMS],
    ),
    ("Sections 3.1 and 4.3: frozen encoders and bins", [*encoders.CLAIMS, *bins.CLAIMS]),
    (
        "Questions that the paper's own tables ask",
        [*discreteness.CLAIMS, *emitted.CLAIMS, *procedure.CLAIMS, *estimates.CLAIMS],
    ),
]
CLAIMS: list[Claim] = [claim for _, claims in GROUPS for claim in claims]
SIDES = ("paper", "ours")
COLUMNS = [
    *("claim", "section", "text", "rule", "dataset", "made_up", "part", "effect"),
    *(f"{what}_{side}" for side in SIDES for what in ("verdict", "numbers", "effect", "reason")),
]
SCALE = f"{Verdict.OPEN} at this scale"
NOT_RUN, NOT_PAPER = "not run here", "the paper says nothing of this screen"


def judge(published: Evidence, ours: Evidence, made_up: Collection[str]) -> pd.DataFrame:
    """COLUMNS; a claim that one side cannot judge on a screen is not decided there. `made_up` names screens
    that were trained on or embedded."""
    rows = [row for claim in CLAIMS for row in _rows(claim, published, ours, made_up)]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"made_up": bool})


def _rows(claim: Claim, published: Evidence, ours: Evidence, made_up: Collection[str]) -> list[dict]:
    sides = [{(f.dataset, f.part): f for f in claim.judge(evidence)} for evidence in (published, ours)]
    keys = sorted(dict.fromkeys([*sides[0], *sides[1]]), key=lambda key: _rank(key[0]))  # stable: parts keep order
    return [
        {
            "claim": claim.id,
            "section": claim.section,
            "text": claim.text,
            "rule": claim.rule,
            "dataset": dataset,
            "made_up": _is_made_up(dataset, part, ours, made_up),
            "part": part,
            "effect": claim.effect,
            **_side("paper", sides[0].get((dataset, part)), NOT_PAPER),
            **_side("ours", sides[1].get((dataset, part)), NOT_RUN),
        }
        for dataset, part in keys
    ]


def _is_made_up(dataset: str, part: str, ours: Evidence, made_up: Collection[str]) -> bool:
    """Of a made-up screen, trained on or (named last in `part`) embedded; over all screens: when all are."""
    if dataset == ALL:
        return bool(ours.datasets) and set(ours.datasets) <= set(made_up)
    return dataset in made_up or part.rpartition(", ")[2] in made_up


def _rank(dataset: str) -> int:
    """The paper's screens first, in its order; what is about all screens last."""
    known = list(names.DATASETS)
    return known.index(dataset) if dataset in known else len(known) + (dataset == ALL)


def _side(side: str, finding: Finding | None, otherwise: str) -> dict:
    verdict = finding.verdict if finding else Verdict.OPEN
    said = SCALE if side == "ours" and verdict is Verdict.OPEN else str(verdict)
    return {
        f"verdict_{side}": said,
        f"numbers_{side}": finding.numbers if finding else "",
        f"effect_{side}": finding.effect if finding else math.nan,
        f"reason_{side}": finding.reason if finding else otherwise,
    }
