"""Scores where combinations of several cell types are held out: within each type, then averaged over them.

Pooled, cells predicted as of the wrong one of the types would score as if they were right, and a shift would mix the
difference between types with the effect.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from expressionvae.evaluation.comparison import Compared

Rows = list[dict]


def within_cell_types(score: Callable[..., Rows]) -> Callable[..., Rows]:
    """Let a score of cells of one cell type take cells of several: its rows of each type, averaged.

    Its positional arguments are cells; a keyword argument that is a mapping by cell type gives each its own. A distance
    is the mean over types; a mean over perturbations is that over all held-out combinations that define it. Numbers of
    cells and of perturbations are summed.
    """

    @wraps(score)
    def scored(*sides: Compared, **options: Any) -> Rows:
        parts = [side.by_cell_type() for side in sides]
        rows = [
            score(*(part[name] for part in parts), **{key: _of(value, name) for key, value in options.items()})
            for name in parts[0]
        ]
        return rows[0] if len(rows) == 1 else [_averaged(same) for same in zip(*rows, strict=True)]

    return scored


def _of(option: Any, cell_type: str) -> Any:
    return option[cell_type] if isinstance(option, Mapping) else option


def _averaged(rows: tuple[dict, ...]) -> dict:
    """One row for the same score of several cell types."""
    assert len({(row["metric"], row["variant"]) for row in rows}) == 1
    numbers = {key: sum(row[key] for row in rows) for key in rows[0] if key.startswith("n_")}
    weights = [row.get("n_valid", 1) for row in rows]
    valid = [(row["value"], weight) for row, weight in zip(rows, weights, strict=True) if weight]
    value = sum(value * weight for value, weight in valid) / sum(weights) if valid else float("nan")
    return rows[0] | {"value": value} | numbers
