"""Metrics measured as their cards say: every function that a subject's metrics name, called once."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from expressionvae import catalogue
from expressionvae.catalogue import metrics

Measure = Callable[..., dict[str, Any]]


def measured(subject: metrics.Subject, *compared: Any, **settings: Any) -> dict[str, Any]:
    """What the measures of a subject find, by name of metric, in the order of the cards."""
    found: dict[str, Any] = {}
    for path in metrics.measures(subject):
        measure: Measure = catalogue.load(path)
        require_callable(path, measure, compared, settings)
        given = measure(*compared, **settings)
        _require_named(path, given, [name for name in metrics.on(subject) if metrics.METRICS[name].measure == path])
        found |= given
    return {name: found[name] for name in metrics.on(subject)}


def require_callable(path: str, measure: Measure, compared: Sequence[Any], settings: Mapping[str, Any]) -> None:
    """Assert that a measure takes what its subject's metrics are measured with (`metric_card.SUBJECTS`).

    path: that a card calls it by. compared: the arguments by place; settings: those by name.
    """
    try:
        inspect.signature(measure).bind(*compared, **settings)
    except TypeError as error:
        given = f"{len(compared)} arguments by place and by name {', '.join(settings) or 'none'}"
        raise AssertionError(
            f"{path} is called with {given}: {error}; **others lets a measure ignore what it does not need"
        ) from error


def _require_named(path: str, given: Mapping[str, Any], named: Sequence[str]) -> None:
    """Assert that a measure gives the metrics whose cards name it, and no other."""
    wrong = [f"does not give {name!r}, whose card names it as its measure" for name in named if name not in given]
    wrong += [f"gives {name!r}, and no card of that name has it as its measure" for name in given if name not in named]
    assert not wrong, f"{path}: {'; '.join(wrong)}"
