"""A number as text: the paper's decimals, and never a false zero, a minus zero or a NaN."""

import math
from decimal import Decimal
from typing import Any

DASH = "–"


def fixed(value: float, decimals: int) -> str:
    """`value` with `decimals` places; what would round to zero gets one significant digit instead.

    Below a thousandth of the last place a value is rounding error and prints as zero. Not finite: a dash.
    """
    if not math.isfinite(value):
        return DASH
    text = f"{value:.{decimals}f}"
    if float(text) != 0:
        return text
    if abs(value) < 10.0 ** -(decimals + 3):
        return f"{0:.{decimals}f}"
    return f"{value:.{-math.floor(math.log10(abs(value)))}f}"


def four_digits(value: float) -> str:
    """`value` as Figure 2 prints it: four digits above one (11.97, 100.2), three decimals below."""
    for limit, decimals in ((9.9995, 3), (99.995, 2), (999.95, 1)):
        if abs(value) < limit:
            return fixed(value, decimals)
    return fixed(value, 0)


def small_error(value: float) -> str:
    """A standard error as Figure 2 prints it (0.0003, 0.012, 4.54)."""
    for limit, decimals in ((0.00995, 4), (0.9995, 3), (99.995, 2)):
        if abs(value) < limit:
            return fixed(value, decimals)
    return fixed(value, 1)


def printed_as(value: Any) -> str:
    """A setting as the paper prints it: 75,000, 6 x 10^-4, 1.0; yes and no, none, lists with commas."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float) and 0 < abs(value) < 0.01:
        number = Decimal(repr(value)).normalize()
        power = number.adjusted()
        return f"{number.scaleb(-power):f} x 10^{power}"
    return ", ".join(map(printed_as, value)) if isinstance(value, list | tuple) else str(value)
