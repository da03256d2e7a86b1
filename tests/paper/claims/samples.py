"""Evidence made up for one claim at a time."""

import math
from collections.abc import Mapping

import pandas as pd

from expressionvae.paper.claims.common import DECODERS, REAL
from expressionvae.paper.claims.evidence import CONTINUOUS, DISCRETE, OWN, REVERSION, TABLE, Evidence, Scores
from expressionvae.paper.claims.judge import CLAIMS
from expressionvae.paper.claims.verdict import Finding

Cells = Mapping[tuple[str, ...], float]
SCREEN = "replogle"


def scores(cells: Cells, dataset: str = SCREEN, se: float = 0.001, n: int = 4) -> Scores:
    """Keys are (prior, decoder, metric) of a model, or (baseline, metric); `se` is a share of the mean."""
    rows = []
    for key, mean in cells.items():
        model = len(key) == 3
        bottleneck = (CONTINUOUS if key[0] == "flow" else DISCRETE) if model else ""
        who = (bottleneck, key[0], key[1], "") if model else ("", "", "", key[0])
        rows.append((dataset, *who, key[-1], mean, abs(mean) * se if n > 1 else math.nan, n))
    return Scores(pd.DataFrame(rows, columns=TABLE))


def evidence(cells: Cells = {}, dataset: str = SCREEN, se: float = 0.001, n: int = 4, **more) -> Evidence:  # noqa: B006
    return Evidence(published=False, scores=scores(cells, dataset, se, n), **more)


def encoders(
    values: Mapping[tuple[str, str], float],
    metric: str = "enrichment_auc",
    half: float = 0.01,
    dataset: str = SCREEN,
    screen: str = OWN,
) -> Evidence:
    """Keys are (bottleneck, head); 95% intervals are value ± half (none where half is NaN)."""
    rows = [(dataset, "trained", b, h, screen, metric, v, v - half, v + half) for (b, h), v in values.items()]
    return Evidence(published=False, reversion=pd.DataFrame(rows, columns=REVERSION))


def judged(claim: str, body: Evidence) -> dict[tuple[str, str], Finding]:
    """Findings of the claim by (dataset, part)."""
    found = next(c for c in CLAIMS if c.id == claim).judge(body)
    assert len({(f.dataset, f.part) for f in found}) == len(found)
    return {(f.dataset, f.part): f for f in found}


def verdict(claim: str, body: Evidence, part: str = "", dataset: str = SCREEN) -> str:
    return str(judged(claim, body)[dataset, part].verdict)


def rivals(metric: str, value: float, names=REAL) -> dict[tuple[str, ...], float]:
    return {(name, metric): value for name in names}


def model(metric: str, value: float, decoder: str = "nb-sample") -> dict[tuple[str, ...], float]:
    return {(prior, decoder, metric): value for prior in ("ar", "mdlm")}


def ordered(metric: str, values) -> dict[tuple[str, ...], float]:
    """The five decoders, richest first, the same under both priors."""
    return {(p, d, metric): float(v) for p in ("ar", "mdlm") for d, v in zip(DECODERS, values, strict=True)}
