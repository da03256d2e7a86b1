"""Figure 1: the two-stage pipeline, drawn from the boxes of `figure1_boxes`."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from expressionvae.paper.figures.figure1_boxes import Box, boxes, sizes
from expressionvae.writing.style import INK, QUIET

# Inches at the width of a page: type keeps its size in print.
WIDTH, HEIGHT = 7.2, 4.42
_LINE, _SMALL, _CLASS, _TITLE = 0.118, 6.2, 6.2, 7.2
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")


def draw(config: Mapping[str, Any]) -> Figure:
    """The paper's Figure 1 for `config` (all of it): stage 1 above, stage 2 below."""
    told = sizes(config)
    all_boxes = boxes(told)
    figure = Figure(figsize=(WIDTH, HEIGHT), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
    axes.axis("off")
    _panel(axes, 0.06, 2.36, "Stage 1: ExpressionVAE, trained once per screen, bottleneck and head")
    _panel(axes, 2.66, 1.70, "Stage 2: a prior over the frozen latents")
    _counts(axes, all_boxes["genes"])
    frames = {name: _frame(axes, [all_boxes[member] for member in members]) for name, members in told.choices.items()}
    for box in all_boxes.values():
        _box(axes, box)
    _arrows(axes, all_boxes, frames)
    first = all_boxes[told.choices["prior"][0]]
    _note(axes, first.left, frames["prior"].bottom + 0.12, "orange: over codes; green: over Gaussian latents")
    return figure


def _panel(axes: Axes, top: float, height: float, title: str) -> None:
    axes.add_patch(
        Rectangle(
            (0.03, top), WIDTH - 0.06, height, facecolor="#fafafa", edgecolor="#d0d0d0", linewidth=0.6, zorder=0.5
        )
    )
    axes.text(0.10, top + 0.13, title, fontsize=7.8, fontweight="bold", va="center", color=INK)


def _counts(axes: Axes, beside: Box) -> None:
    """A cell's counts as a column of numbers at the left of the first box."""
    left, side, y = 0.36, 0.20, beside.middle[1]
    for i, value in enumerate(("0", "3", "0", "1", "⋮", "7")):
        corner = (left, y + (i - 3) * side)
        axes.add_patch(Rectangle(corner, side, side, facecolor="white", edgecolor=QUIET, linewidth=0.5))
        at = (left + side / 2, corner[1] + side / 2)
        axes.text(*at, value, fontsize=_SMALL, ha="center", va="center", color=INK)
    axes.text(left + side / 2, y - 3 * side - 0.10, "counts x", fontsize=_TITLE, ha="center", va="center", color=INK)
    axes.text(left + side / 2, y + 3 * side + 0.10, "G genes", fontsize=_SMALL, ha="center", va="center", color=QUIET)
    _arrow(axes, (left + side + 0.02, y), (beside.left - 0.02, y))


def _box(axes: Axes, box: Box) -> None:
    corner, style = (box.left, box.top), "round,pad=0,rounding_size=0.05"
    axes.add_patch(
        FancyBboxPatch(corner, box.width, box.height, boxstyle=style, facecolor=box.colour, edgecolor=QUIET, lw=0.7)
    )
    rows = [(box.title, {"fontsize": _TITLE, "fontweight": "bold", "color": INK})] if box.title else []
    if box.class_path:
        shown = box.class_path.rpartition(".")[2]
        rows.append((shown, {"fontsize": _fit(box, shown, _CLASS), "family": "DejaVu Sans Mono", "color": INK}))
    rows += [(line, {"fontsize": _fit(box, line, _SMALL), "color": QUIET}) for line in box.lines]
    first = box.middle[1] - _LINE * 1.08 * (len(rows) - 1) / 2
    for i, (text, style_of) in enumerate(rows):
        axes.text(box.middle[0], first + i * _LINE * 1.08, text, ha="center", va="center", **style_of)


def _frame(axes: Axes, members: Sequence[Box]) -> Box:
    """A dashed line around boxes of which a run has one."""
    left, top = min(box.left for box in members) - 0.06, min(box.top for box in members) - 0.19
    right, bottom = (max(box.right for box in members) + 0.06, max(box.bottom for box in members) + 0.06)
    frame = Box(left, top, right - left, bottom - top, "none", "")
    style = {"facecolor": "none", "edgecolor": QUIET, "linewidth": 0.6, "linestyle": (0, (3, 2))}
    axes.add_patch(Rectangle((left, top), frame.width, frame.height, **style))
    label = f"one of {_NUMBERS[len(members)]}"
    axes.text(frame.middle[0], top + 0.10, label, fontsize=_SMALL, ha="center", va="center", color=QUIET)
    return frame


def _fit(box: Box, text: str, size: float) -> float:
    """`size` in points, or what lets `text` fit the box (a letter is about 0.6 of the type's size wide)."""
    return min(size, 72 * (box.width - 0.06) / (0.603 * len(text)))


def _arrows(axes: Axes, at: Mapping[str, Box], frames: Mapping[str, Box]) -> None:
    y, bottleneck = at["genes"].middle[1], frames["bottleneck"]
    row = (at["genes"], at["encoder"], bottleneck, at["decoder"], frames["head"])
    for before, after in zip(row, row[1:], strict=False):
        _arrow(axes, (before.right, y), (after.left, y))
    condition, trunk = at["condition"], at["trunk"]
    for given in ("perturbation", "cell_type"):
        _arrow(axes, (at[given].right, at[given].middle[1]), (condition.left, condition.middle[1]))
    _arrow(axes, (condition.right, trunk.middle[1]), (trunk.left, trunk.middle[1]))
    _arrow(axes, (trunk.right, trunk.middle[1]), (frames["prior"].left, trunk.middle[1]))
    _note(axes, trunk.middle[0], trunk.bottom + 0.10, "adaLN-Zero", "center")
    down, up = bottleneck.middle[0], at["decoder"].middle[0]
    _arrow(axes, (down, bottleneck.bottom), (down, frames["prior"].top))
    _note(axes, down + 0.06, 2.54, "latents, to learn")
    _arrow(axes, (up, frames["prior"].top), (up, at["decoder"].bottom))
    _note(axes, up + 0.06, 2.54, "sampled latents, to decode")


def _note(axes: Axes, x: float, y: float, text: str, align: str = "left") -> None:
    axes.text(x, y, text, fontsize=_SMALL, ha=align, va="center", color=QUIET)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    arrow = FancyArrowPatch(
        start, end, arrowstyle="-|>", mutation_scale=7, shrinkA=1, shrinkB=1, lw=0.8, color=INK, zorder=0.9
    )
    axes.add_patch(arrow)
