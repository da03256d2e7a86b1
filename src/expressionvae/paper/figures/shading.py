"""How dark a cell of a heatmap is: column by column, the best darkest, none washed out by an outlier."""

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from expressionvae.paper.columns import Column
from expressionvae.paper.noise import alone
from expressionvae.writing.formatting import four_digits

OUTLIER = 100.0  # times the column's best: such a cell carries an asterisk, as Parse's FD does in the paper


LEAST = 0.1  # of the largest value (of a logarithm: of itself): differences over the whole scale are not smaller
STEPS = 5  # of shade from white to navy at most that noise alone can make: one of them, so a fifth of the scale


def darkness(values: Float[ndarray, "row"], errors: Float[ndarray, "row"], column: Column) -> Float[ndarray, "row"]:
    """0 (worst) to 1 (best) within one column; NaN stays NaN; equal values are all 0.5, and so is a column
    without a better end.

    errors: standard errors of the values, NaN where there is none. The whole scale is used only by values that differ
    by `STEPS` times what noise explains (two standard errors of a difference, as is typical of the column), and by a
    tenth of the largest: others take the middle of it, so that what cannot be told apart has nearly one shade.

    Columns that span orders of magnitude (`column.log`) are scaled by their logarithm, so that 383 beside
    1.8 and 5.5 leaves the two apart; a column with a value <= 0 has no logarithm and is scaled as it is.
    """
    finite = np.isfinite(values)
    shades = np.full(len(values), np.nan)
    if not finite.any():
        return shades
    log = _logarithmic(values, column)
    scaled = np.log(values[finite]) if log else values[finite]
    noise = errors[finite] / values[finite] if log else errors[finite]
    known = noise[np.isfinite(noise)]
    told_apart = 2 * np.sqrt(2) * float(np.median(known)) if known.size else 0.0
    least = LEAST if log else LEAST * float(np.abs(scaled).max())
    low, high = scaled.min(), scaled.max()
    span = max(high - low, least, STEPS * told_apart)
    if column.direction == "none" or np.isclose(low, high, rtol=1e-9, atol=0):
        shades[finite] = 0.5
        return shades
    rising = (scaled - (low + high) / 2) / span
    shades[finite] = np.clip(0.5 + (rising if column.direction == "higher" else -rising), 0, 1)  # rounding
    return shades


def outliers(values: Float[ndarray, "row"], column: Column) -> Bool[ndarray, "row"]:
    """Which values of a logarithmic column are more than OUTLIER times its best."""
    if not _logarithmic(values, column):
        return np.zeros(len(values), dtype=bool)
    return np.nan_to_num(values) > OUTLIER * values[np.isfinite(values)].min()


def _logarithmic(values: Float[ndarray, "row"], column: Column) -> bool:
    finite = values[np.isfinite(values)]
    return column.log and column.direction == "lower" and finite.size > 0 and bool((finite > 0).all())


def best(
    values: Float[ndarray, "row"], errors: Float[ndarray, "row"], counts: Float[ndarray, "row"], column: Column
) -> Bool[ndarray, "row"]:
    """Which value is the column's best; none where another prints the same, or lies within noise of it."""
    chosen = np.zeros(len(values), dtype=bool)
    finite = np.flatnonzero(np.isfinite(values))
    if column.direction == "none" or not finite.size:
        return chosen
    lower = column.direction == "lower"
    first = alone(values[finite], errors[finite], counts[finite], lower=lower, printed=four_digits)
    if first is not None:
        chosen[finite[first]] = True
    return chosen
