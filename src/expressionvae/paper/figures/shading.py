"""How dark a cell of a heatmap is: column by column, the best darkest, none washed out by an outlier."""

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from expressionvae.paper.columns import Column
from expressionvae.writing.formatting import four_digits

OUTLIER = 100.0  # times the column's best: such a cell carries an asterisk, as Parse's FD does in the paper


def darkness(values: Float[ndarray, "row"], column: Column) -> Float[ndarray, "row"]:
    """0 (worst) to 1 (best) within one column; NaN stays NaN; equal values are all 0.5, and so is a column
    without a better end.

    Columns that span orders of magnitude (`column.log`) are scaled by their logarithm, so that 383 beside
    1.8 and 5.5 leaves the two apart; a column with a value <= 0 has no logarithm and is scaled as it is.
    """
    finite = np.isfinite(values)
    shades = np.full(len(values), np.nan)
    if not finite.any():
        return shades
    scaled = np.log(values, where=finite, out=shades.copy()) if _logarithmic(values, column) else values.copy()
    low, high = np.nanmin(scaled[finite]), np.nanmax(scaled[finite])
    if column.direction == "none" or np.isclose(low, high, rtol=1e-9, atol=0):
        shades[finite] = 0.5
        return shades
    rising = (scaled[finite] - low) / (high - low)
    shades[finite] = rising if column.direction == "higher" else 1 - rising
    return shades


def outliers(values: Float[ndarray, "row"], column: Column) -> Bool[ndarray, "row"]:
    """Which values of a logarithmic column are more than OUTLIER times its best."""
    if not _logarithmic(values, column):
        return np.zeros(len(values), dtype=bool)
    return np.nan_to_num(values) > OUTLIER * values[np.isfinite(values)].min()


def _logarithmic(values: Float[ndarray, "row"], column: Column) -> bool:
    finite = values[np.isfinite(values)]
    return column.log and column.direction == "lower" and finite.size > 0 and bool((finite > 0).all())


def best(values: Float[ndarray, "row"], column: Column) -> Bool[ndarray, "row"]:
    """Which values are the column's best, or print the same as it."""
    finite = values[np.isfinite(values)]
    if column.direction == "none" or not finite.size:
        return np.zeros(len(values), dtype=bool)
    top = four_digits(float(finite.min() if column.direction == "lower" else finite.max()))
    return np.array([four_digits(float(value)) == top for value in values], dtype=bool)
