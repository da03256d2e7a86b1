"""Metrics measured as their cards say: every function that a subject's metrics name, called once."""

from collections.abc import Callable
from typing import Any

from expressionvae import catalogue
from expressionvae.catalogue import metrics


def measured(subject: metrics.Subject, *compared: Any, **settings: Any) -> dict[str, Any]:
    """What the measures of a subject find, by name of metric, in the order of the cards."""
    found: dict[str, Any] = {}
    for path in metrics.measures(subject):
        measure: Callable[..., dict[str, Any]] = catalogue.load(path)
        found |= measure(*compared, **settings)
    assert set(found) == set(metrics.on(subject)), (subject, sorted(found))
    return {name: found[name] for name in metrics.on(subject)}
