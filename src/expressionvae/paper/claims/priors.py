"""Sections 3.2 and 4.1: the two discrete priors against each other."""

import math

from expressionvae.paper.claims.common import (
    DECODERS,
    NINE,
    label,
)
from expressionvae.paper.claims.evidence import PRIORS, Evidence, Number, Scores
from expressionvae.paper.claims.verdict import (
    UNKNOWN,
    Claim,
    Finding,
    Verdict,
    compare,
    digits,
    few,
    show,
    undecided,
)

SHARE = 0.1  # of the decoders' range that priors may differ by


def priors_within_noise(evidence: Evidence) -> list[Finding]:
    return [_within(evidence.scores, dataset, metric) for dataset in evidence.datasets for metric in NINE]


def pairs(scores: Scores, dataset: str, metric: str) -> list[tuple[str, Number, Number]]:
    """(decoder, AR, MDLM) where both are there."""
    rows = [(d, *(scores.model(dataset, prior, d, metric) for prior in PRIORS)) for d in DECODERS]
    return [(d, ar, mdlm) for d, ar, mdlm in rows if ar is not None and mdlm is not None]


def _within(scores: Scores, dataset: str, metric: str) -> Finding:
    both = pairs(scores, dataset, metric)
    if not both:
        return undecided(dataset, label(metric), "AR and MDLM have no decoder in common")
    compared = [(d, a, m, compare(a, m, metric, shared=len(both))) for d, a, m in both]
    noisy = [row for row in compared if math.isfinite(row[3].ses)]
    if not noisy:
        return undecided(dataset, label(metric), UNKNOWN)
    decoder, ar, mdlm, worst = max(noisy, key=lambda row: abs(row[3].ses))
    apart = [row for row in noisy if row[3].sign != 0]
    numbers = f"widest: {decoder}, AR {show(ar)}, MDLM {show(mdlm)}"
    left = f"; {len(both) - len(noisy)} left out, no spread known" if len(noisy) < len(both) else ""
    if apart:
        better = sum(row[3].sign == 1 for row in apart)
        reason = f"{len(apart)} of {len(noisy)} decoders differ beyond noise, AR the better in {better}{left}"
        return Finding(dataset, label(metric), Verdict.FAILS, numbers, abs(worst.ses), reason)
    reason = f"all {len(noisy)} decoders within noise{left}"
    if few(number for _, *both_, _ in noisy for number in both_):
        return undecided(
            dataset, label(metric), f"{reason}; too few replicates to show equality", numbers, abs(worst.ses)
        )
    return Finding(dataset, label(metric), Verdict.HOLDS, numbers, abs(worst.ses), reason)


def priors_beside_decoders(evidence: Evidence) -> list[Finding]:
    return [_beside(evidence.scores, dataset, metric) for dataset in evidence.datasets for metric in NINE]


def _beside(scores: Scores, dataset: str, metric: str) -> Finding:
    both = pairs(scores, dataset, metric)
    if len(both) < 2:
        return undecided(dataset, label(metric), "needs two decoders under both priors")
    middles = [(ar.mean + mdlm.mean) / 2 for _, ar, mdlm in both]
    spread = max(middles) - min(middles)
    decoder, ar, mdlm = max(both, key=lambda row: abs(row[1].mean - row[2].mean))
    if spread == 0:
        return undecided(dataset, label(metric), "the decoders do not differ at all")
    share = abs(ar.mean - mdlm.mean) / spread
    numbers = f"{decoder}: AR {show(ar)}, MDLM {show(mdlm)}; decoders span {digits(spread)}"
    reason = f"the priors differ by up to {share:.1%} of what decoders differ by"
    if any(not number.known for row in both for number in row[1:]):
        return undecided(dataset, label(metric), f"{UNKNOWN}; {reason}", numbers, share)
    if share <= SHARE:
        return Finding(dataset, label(metric), Verdict.HOLDS, numbers, share, reason)
    wide = [compare(a, m, metric, shared=len(both)) for _, a, m in both if abs(a.mean - m.mean) > SHARE * spread]
    if any(difference.sign for difference in wide):
        return Finding(dataset, label(metric), Verdict.FAILS, numbers, share, reason)
    return undecided(dataset, label(metric), f"{reason}, but within noise", numbers, share)


CLAIMS = [
    Claim(
        "priors-within-noise",
        "4.1",
        "AR and MDLM achieve effectively identical performance across all metrics on both screens.",
        "Read strictly: under no decoder do the two differ beyond noise, with at least three replicates of each.",
        "widest difference, in SE",
        priors_within_noise,
    ),
    Claim(
        "priors-beside-decoders",
        "4.1",
        "AR and MDLM achieve effectively identical performance across all metrics on both screens.",
        "Read loosely: the widest difference between the priors, over decoders, is at most a tenth of the range that "
        "the decoders span (mean of both priors); refuted by a wider difference that is beyond noise.",
        "share of the decoders' range",
        priors_beside_decoders,
    ),
]
