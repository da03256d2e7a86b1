"""What the paper does not say, and a reader of its distances would think: that near cells are the right cells."""

import math

from expressionvae.catalogue.metrics import FAR, METRICS
from expressionvae.paper.claims.common import DISTRIBUTION, NO_COLUMN, label, who
from expressionvae.paper.claims.evidence import Evidence
from expressionvae.paper.claims.verdict import Claim, Finding, Verdict, best, show, undecided
from expressionvae.paper.noise import limit


def right_cells(evidence: Evidence) -> list[Finding]:
    return [_right(evidence, dataset, metric) for dataset in evidence.datasets for metric in DISTRIBUTION]


def _right(evidence: Evidence, dataset: str, metric: str) -> Finding:
    part = label(metric)
    if evidence.published:
        return undecided(dataset, part, NO_COLUMN)
    found = evidence.scores.models(dataset, metric)
    first = best([("|".join(key), number) for key, number in found.items()], metric)
    if first is None:
        return undecided(dataset, part, "no model has been run on this screen")
    bottleneck, prior, decoder = first[0].split("|")
    share, true = (
        evidence.scores.model(dataset, prior, decoder, name, bottleneck) for name in ("identity", "identity_true")
    )
    if share is None or true is None:
        return undecided(dataset, part, "the screen has one cell type, or nothing was scored")
    gap = true.mean - share.mean
    numbers = f"{who(prior, decoder)}: {label(metric)} {show(first[1])}, of the wanted type {show(share)}"
    numbers += f", true cells {show(true)}"
    if share.n < 2:
        return undecided(dataset, part, "noise unknown (a single replicate)", numbers, gap)
    if math.isfinite(share.se) and abs(gap - FAR) < limit(share.n - 1) * share.se:
        return undecided(dataset, part, f"within noise of the threshold {FAR:g}", numbers, gap)
    reason = f"{gap:.3g} {METRICS['identity'].plain} below the true cells'"
    return Finding(dataset, part, Verdict.HOLDS if gap <= FAR else Verdict.FAILS, numbers, gap, reason)


CLAIMS = [
    Claim(
        "right-cells",
        "not stated; a reader would think so",
        "State of the art on the distribution metrics means that the predicted cells are of the right cell type.",
        "Of the model that is best on the metric, the share of perturbed cells that a classifier of real cells calls "
        "of the wanted cell type is at most 0.2 below the true cells' own share.",
        "share of cells missing",
        right_cells,
    ),
]
