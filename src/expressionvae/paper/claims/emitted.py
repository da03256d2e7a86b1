"""The paper's own point applied to its baselines: what it costs to emit a mean where a model can draw cells."""

from expressionvae.paper.claims.common import DISTRIBUTION, label
from expressionvae.paper.claims.evidence import Evidence, Pair
from expressionvae.paper.claims.verdict import (
    UNKNOWN,
    Claim,
    Finding,
    compare,
    in_ses,
    of_signs,
    show,
    undecided,
)


def mean_or_sample(evidence: Evidence) -> list[Finding]:
    return [
        _of_pair(evidence, dataset, metric, pair)
        for dataset in evidence.datasets
        for pair in evidence.pairs or [None]
        for metric in (DISTRIBUTION if pair else [""])
    ]


def _of_pair(evidence: Evidence, dataset: str, metric: str, pair: Pair | None) -> Finding:
    """What moves from the row of samples to that of means; where there is no such pair, one line that says so."""
    part = f"{pair.mean_label}, {label(metric)}" if pair else ""
    if evidence.published:
        return undecided(dataset, part, "the paper has one row of each baseline")
    if pair is None:
        return undecided(dataset, part, "no baseline has a row of means and one of samples")
    mean, sample = (evidence.scores.baseline(dataset, name, metric) for name in (pair.mean, pair.sample))
    if mean is None or sample is None:
        return undecided(dataset, part, f"needs {pair.mean_label} and {pair.sample_label} on this screen")
    difference = compare(sample, mean, metric)
    numbers = f"{pair.mean_label} {show(mean)}, {pair.sample_label} {show(sample)}"
    reason = {
        1: f"the mean is worse than samples of the same training ({in_ses(difference.ses)})",
        -1: f"the mean is better than samples of the same training ({in_ses(difference.ses)})",
        0: f"within noise ({in_ses(difference.ses)})",
        None: UNKNOWN,
    }[difference.sign]
    return Finding(dataset, part, of_signs([difference.sign]), numbers, difference.gain, reason)


CLAIMS = [
    Claim(
        "mean-or-sample",
        "4.2, against Table 1",
        "What is emitted moves distribution metrics: a baseline that could draw cells and emits their mean is worse "
        "for that, whatever it has learned.",
        "Of one training, the row of means is worse on W₂, MMD² and FD than the row of samples, beyond noise (pairs of "
        "rows of the config that differ in the option `emits` alone).",
        "gain by sampling",
        mean_or_sample,
    ),
]
