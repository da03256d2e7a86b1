"""The metrics. To add one: a function that measures it, its card beside its like, its name in a table's columns.

A metric's measure is a function of `expressionvae.metrics` that gives numbers by name of metric, of those whose cards
name it; metrics that share work share one. What it is called with is the business of its subject, where a measure
takes `**others` for what it does not need (`metric_card.SUBJECTS`). `metric_card.MetricCard` has the fields of a card.
"""

from expressionvae.catalogue import metrics_of_cells, metrics_of_effects
from expressionvae.catalogue.metric_card import MetricCard, Subject

# Identity that is this much under the true cells' has a footnote, and fails the claim: of five cells one is then of
# another type beyond what the classifier itself mistakes.
FAR = 0.2

# Score files have them in this order. Names and directions: the paper's Table 1, Figure 2 and section 4 ("Metrics").
METRICS: dict[str, MetricCard] = {card.name: card for card in (*metrics_of_cells.CARDS, *metrics_of_effects.CARDS)}


def on(*subjects: Subject) -> tuple[str, ...]:
    """The metrics that are measured on some subjects, in the order of the cards."""
    return tuple(name for name, card in METRICS.items() if card.subject in subjects)


def measures(subject: Subject) -> tuple[str, ...]:
    """The functions that measure the metrics of a subject, each once."""
    return tuple(dict.fromkeys(card.measure for card in METRICS.values() if card.subject == subject))
