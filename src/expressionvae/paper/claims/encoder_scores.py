"""Scores of frozen encoders on reversion screens, as the claims of section 4.3 look them up."""

import math
from typing import NamedTuple

from expressionvae.paper.claims.evidence import CONTINUOUS, DISCRETE, OWN, TRAINED, Evidence
from expressionvae.paper.claims.verdict import Finding, digits, undecided

HEADS = ("ce", "hurdle", "mse", "nb")
AUC, TREATED, UNTREATED = "enrichment_auc", "gene_ch_treated", "gene_ch_untreated"
SELECTIVITY = "selectivity_auc"
LABELS = {AUC: "enrichment AUC", TREATED: "Gene CH (T)", UNTREATED: "Gene CH (U)", SELECTIVITY: "selectivity AUC"}


class Encoder(NamedTuple):
    """One trained encoder's value on one screen, with its 95% interval (NaN where there is none)."""

    bottleneck: str
    head: str
    value: float
    low: float
    high: float

    @property
    def name(self) -> str:
        return f"{self.bottleneck} + {self.head}"

    def __str__(self) -> str:
        interval = f" ({self.low:.2f} to {self.high:.2f})" if math.isfinite(self.low) else ""
        return f"{self.name} {digits(self.value)}{interval}"


def encoders(evidence: Evidence, metric: str) -> list[tuple[str, str, list[Encoder]]]:
    """(training screen, reversion screen, trained encoders) that have `metric`."""
    table = evidence.reversion
    keep = (table["metric"] == metric) & (table["embedding"] == TRAINED) & table["value"].notna()
    keep &= table["bottleneck"].isin([DISCRETE, CONTINUOUS]) & table["head"].isin(HEADS)
    found: dict[tuple[str, str], list[Encoder]] = {}
    for row in table[keep].to_dict("records"):
        encoder = Encoder(row["bottleneck"], row["head"], float(row["value"]), float(row["low"]), float(row["high"]))
        found.setdefault((row["dataset"], row["screen"]), []).append(encoder)
    return [(dataset, screen, rows) for (dataset, screen), rows in found.items()]


def not_embedded(evidence: Evidence, metrics: tuple[str, ...]) -> list[Finding]:
    """Findings of screens whose encoders have met no reversion screen."""
    done = {(d, metric) for metric in metrics for d, _, _ in encoders(evidence, metric)}
    missing = [(d, metric) for metric in metrics for d in evidence.datasets if (d, metric) not in done]
    return [undecided(d, LABELS[metric], "no reversion screen has been embedded") for d, metric in missing]


def part_of(screen: str, metric: str) -> str:
    return LABELS[metric] if screen == OWN else f"{LABELS[metric]}, {screen}"


def top_of(rows: list[Encoder]) -> Encoder:
    return max(rows, key=lambda row: row.value)


def apart(first: Encoder, second: Encoder) -> bool:
    """Whether two values differ beyond their 95% intervals (taken as independent); True where there are none."""
    widths = [row.high - row.low for row in (first, second)]
    if not all(math.isfinite(width) for width in widths):
        return True
    return abs(first.value - second.value) > math.hypot(*widths) / 2
