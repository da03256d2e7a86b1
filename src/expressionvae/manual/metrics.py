"""Every metric as a page: how it is computed, from where to where it goes, which end is better, how it misleads."""

from expressionvae.catalogue.metric_card import MetricCard
from expressionvae.catalogue.metrics import METRICS
from expressionvae.writing.markdown import document, pipe_table

SUBJECTS = {
    "clouds": "two clouds of cells in principal components, all held-out perturbations pooled (`distribution.csv`)",
    "cells": "true and predicted cells, rows paired (`distribution.csv`)",
    "types": "whether a classifier calls true and predicted cells of the wanted type (`distribution.csv`)",
    "effects": "each perturbation's shift against controls (`effects.csv`)",
    "fold changes": "each perturbation's log2 fold changes against controls (`effects.csv`)",
}
BETTER = {"lower": "lower is better ↓", "higher": "higher is better ↑", "none": "neither end is better"}


def page() -> str:
    """The whole page: a table to find a metric by, then each by family."""
    lines = [[_link(card), f"`{card.name}`", BETTER[card.direction], card.bounds] for card in METRICS.values()]
    parts = [pipe_table(["Metric", "In files", "Direction", "Range"], lines, left=4)]
    for family in dict.fromkeys(card.family for card in METRICS.values()):
        parts.append(f"## {family}")
        for card in METRICS.values():
            if card.family == family:
                parts += _one(card)
    return document(*parts)


def _anchor(card: MetricCard) -> str:
    return card.name.replace("_", "-")


def _link(card: MetricCard) -> str:
    return f"[{card.unicode}](#{_anchor(card)})"


def _one(card: MetricCard) -> list[str]:
    said = [
        f"- **Name in files and config:** `{card.name}`; {BETTER[card.direction]}",
        f"- **Measured on:** {SUBJECTS[card.subject]}",
        *(f"- **{what}:** {text}" for what, text in _texts(card).items() if text),
        *(f"- **Beware:** {pitfall}" for pitfall in card.pitfalls),
        f"- **Code:** [`{card.measure}`][{card.measure}]",
    ]
    return [f"### {card.unicode} {{#{_anchor(card)}}}", "\n".join(said)]


def _texts(card: MetricCard) -> dict[str, str]:
    return {"Formula": card.formula, "Range": card.bounds, "Source": card.source}
