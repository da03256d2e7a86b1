"""Cells of a heatmap: a number on its shade, its error and the paper's number below; and what shades mean."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_rgb
from matplotlib.patches import Rectangle

from expressionvae.paper.columns import Column
from expressionvae.paper.figures.shading import best, darkness, outliers
from expressionvae.writing.formatting import DASH, four_digits, small_error
from expressionvae.writing.style import INK, QUIET

# One hue, lightness falling steadily: read alike with any colour vision and in grey.
SHADES = LinearSegmentedColormap.from_list(
    "richness", ["#f7fbff", "#d6e6f4", "#abd0e6", "#6aaed6", "#3787c0", "#105ba4", "#08306b"]
)
_EMPTY = "#f0f0f0"
CELL = 1.14  # inches: width of a cell


def draw_column(
    axes: Axes,
    column: Column,
    ours: tuple[np.ndarray, np.ndarray, np.ndarray],
    paper: tuple[np.ndarray, np.ndarray, np.ndarray],
    left: float,
    tops: Sequence[float],
    step: float,
) -> None:
    """Draw a column of cells from `left`, at `tops`, each `step` high: mean, standard error, the paper's number.

    ours, paper: means, standard errors and replicates of the rows, NaN where there is none.
    """
    means, errors, counts = ours
    shades, starred = darkness(means, errors, column), outliers(means, column)
    bold = best(means, errors, counts, column)
    for i, top in enumerate(tops):
        missing = not np.isfinite(means[i])
        fill = to_rgb(_EMPTY) if missing else SHADES(shades[i])[:3]
        edge = Rectangle((left, top), CELL, step, facecolor=fill, edgecolor="white", linewidth=1.2)
        axes.add_patch(edge)
        texts = [(DASH if missing else four_digits(means[i]) + "*" * int(starred[i]), 9.0)]
        if np.isfinite(errors[i]):
            texts.append((f"±{small_error(errors[i])}", 6.8))
        if np.isfinite(paper[0][i]):
            texts.append((f"[{four_digits(paper[0][i])}]", 6.8))
        _stack(axes, texts, left + CELL / 2, top + step / 2, ink_on(fill), bool(bold[i]))


def _stack(axes: Axes, texts: list[tuple[str, float]], x: float, middle: float, color: str, bold: bool) -> None:
    """Lines of text above one another, centred in a cell; the first in bold where it is the column's best."""
    pitches = [size / 72 * 1.22 for _, size in texts]
    y = middle - sum(pitches) / 2
    for i, ((text, size), pitch) in enumerate(zip(texts, pitches, strict=True)):
        label = axes.text(x, y + pitch / 2, text, fontsize=size, ha="center", va="center_baseline", color=color)
        label.set_fontweight("bold" if bold and i == 0 else "normal")
        y += pitch


def ink_on(fill: Sequence[float]) -> str:
    """Black or white, whichever has the greater contrast on an sRGB `fill` (WCAG 2.1, relative luminance)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in fill]
    luminance = float(np.dot((0.2126, 0.7152, 0.0722), linear))
    return INK if (luminance + 0.05) / 0.06 > 1.05 / (luminance + 0.05) else "white"


def legend(axes: Axes, right: float, y: float) -> None:
    """worse [gradient] better, up to `right` at the height `y`."""
    steps, bar = 40, 1.1
    start = right - 0.45 - bar
    colours: Colormap = SHADES
    for i in range(steps):
        corner = (start + bar * i / steps, y - 0.06)
        fill = colours(i / (steps - 1))
        axes.add_patch(Rectangle(corner, bar / steps * 1.05, 0.12, facecolor=fill, linewidth=0))
    axes.text(start - 0.06, y, "worse", fontsize=7.5, ha="right", va="center", color=QUIET)
    axes.text(right - 0.40, y, "better", fontsize=7.5, ha="left", va="center", color=QUIET)
