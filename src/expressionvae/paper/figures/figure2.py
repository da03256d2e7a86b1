"""Figure 2: every decoder under every prior as a heatmap, metrics by family, one panel per dataset."""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from expressionvae.paper import names
from expressionvae.paper.columns import Column, families
from expressionvae.paper.figures import heatmap
from expressionvae.paper.figures.heatmap import CELL
from expressionvae.paper.figures.shading import OUTLIER
from expressionvae.writing.formatting import DASH
from expressionvae.writing.style import INK, QUIET

# Inches: the drawing's unit is the inch, so that type keeps its size whatever the number of rows and panels.
_FAMILY_GAP, _PRIOR_GAP, _PANEL_GAP, _MARGIN = 0.14, 0.10, 0.22, 0.12
_TITLE, _FAMILY, _HEADER, _FOOTER_LINE = 0.30, 0.26, 0.26, 0.17


class Line(NamedTuple):
    """One row of a panel: which run."""

    bottleneck: str
    prior: str
    decoder: str


@dataclass(frozen=True)
class Layout:
    """What all panels share: the rows, the column groups, and their sizes in inches."""

    lines: Sequence[Line]
    groups: list[tuple[str, list[Column]]]
    step: float  # height of a row

    @property
    def several(self) -> bool:
        """Whether some prior was run on more than one bottleneck, so that the rows must name it."""
        pairs = {(line.prior, line.bottleneck) for line in self.lines}
        return len(pairs) > len({prior for prior, _ in pairs})

    def block(self, line: Line) -> str:
        """What stands at the left of a prior's rows."""
        return names.prior(line.prior) + (f"\n{line.bottleneck}" if self.several else "")

    @property
    def prior_width(self) -> float:
        words = [word for line in self.lines for word in self.block(line).split("\n")]
        return max([0.62, *(0.18 + 0.11 * len(word) for word in words)])

    @property
    def left(self) -> float:
        """Where the cells begin."""
        labels = [0.98, *(0.18 + 0.08 * len(names.decoder(line.decoder)) for line in self.lines)]
        return _MARGIN + self.prior_width + max(labels)

    @property
    def offsets(self) -> list[float]:
        """Top of each row below the first, with a gap where the prior changes."""
        blocks = [(line.prior, line.bottleneck) for line in self.lines]
        changes = np.cumsum([0] + [now != before for before, now in zip(blocks, blocks[1:], strict=False)])
        return [i * self.step + float(change) * _PRIOR_GAP for i, change in enumerate(changes[: len(blocks)])]

    @property
    def width(self) -> float:
        count = sum(len(members) for _, members in self.groups)
        return max(self.left + count * CELL + (len(self.groups) - 1) * _FAMILY_GAP + _MARGIN, 5.0)

    @property
    def height(self) -> float:
        return _TITLE + _FAMILY + _HEADER + (self.offsets[-1] if self.lines else 0) + self.step


def draw(
    summary: pd.DataFrame,
    published: pd.DataFrame | None,
    *,
    columns: Sequence[Column],
    datasets: Sequence[str],
    priors: Sequence[str],
    decoders: Sequence[str],
    remarks: Sequence[str] = (),
) -> Figure:
    """The paper's Figure 2 from `summary` (one variant, from `scores.summarise` or `published.as_summary`).

    `priors` and `decoders` give the order (decoders: richest sampling first). Rows that no dataset has are
    left out; a missing number is a dash on grey. With `published` (a summary, too) its number stands third.
    Darker is better, per column and panel; bold is the best; see the figure's own footer, which `remarks` close.
    """
    models = summary[summary["baseline"] == ""]
    if published is not None and not published["dataset"].isin(datasets).any():
        published = None
    step = 0.37 if published is None else 0.50
    layout = Layout(_lines(models, priors, decoders), families(columns), step)
    width, height = layout.width, layout.height
    notes = _footer(models, columns, published is not None, remarks, width)
    total = len(datasets) * (height + _PANEL_GAP) + _FOOTER_LINE * len(notes) + 2 * _MARGIN
    figure = Figure(figsize=(width, total), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(total, 0))
    axes.axis("off")
    top = _MARGIN
    for dataset in datasets:
        _panel(axes, top, dataset, _of(models, dataset), _of(published, dataset), layout)
        top += height + _PANEL_GAP
    heatmap.legend(axes, width - _MARGIN, _MARGIN + _TITLE / 2 - 0.05)
    for i, note in enumerate(notes):
        axes.text(_MARGIN, top + (i + 0.6) * _FOOTER_LINE, note, fontsize=7.5, color=QUIET, va="center")
    return figure


def _of(table: pd.DataFrame | None, dataset: str) -> pd.DataFrame | None:
    return None if table is None else table[table["dataset"] == dataset]


def _lines(models: pd.DataFrame, priors: Sequence[str], decoders: Sequence[str]) -> list[Line]:
    have = dict.fromkeys(models[["bottleneck", "prior", "decoder"]].itertuples(index=False, name=None))
    bottlenecks = list(dict.fromkeys(key[0] for key in have))
    ordered = [(bottleneck, prior, decoder) for prior in priors for bottleneck in bottlenecks for decoder in decoders]
    return [Line(*key) for key in ordered if key in have]


def _panel(
    axes: Axes,
    top: float,
    dataset: str,
    scores: pd.DataFrame | None,
    published: pd.DataFrame | None,
    layout: Layout,
) -> None:
    title = names.dataset(dataset)
    axes.text(_MARGIN, top + _TITLE / 2, title, fontsize=12, fontweight="bold", va="center", color=INK)
    first = top + _TITLE + _FAMILY + _HEADER
    tops = [first + offset for offset in layout.offsets]
    _row_labels(axes, layout, tops)
    left = layout.left
    for family, members in layout.groups:
        _family_header(axes, family, left, len(members) * CELL, top + _TITLE)
        for column in members:
            ours, paper = (_values(table, layout.lines, column) for table in (scores, published))
            at = (left + CELL / 2, first - _HEADER / 2)
            axes.text(*at, f"{column.long} {column.arrow}", fontsize=8.5, ha="center", va="center", color=INK)
            heatmap.draw_column(axes, column, ours, paper, left, tops, layout.step)
            left += CELL
        left += _FAMILY_GAP
    if not layout.lines:
        axes.text(_MARGIN, first + layout.step / 2, "no scores", fontsize=9, color=QUIET, va="center")


def _row_labels(axes: Axes, layout: Layout, tops: Sequence[float]) -> None:
    blocks: dict[tuple[str, str], list[float]] = {}
    for line, top in zip(layout.lines, tops, strict=True):
        blocks.setdefault((layout.block(line), line.bottleneck), []).append(top)
        at = (layout.left - 0.08, top + layout.step / 2)
        axes.text(*at, names.decoder(line.decoder), fontsize=9, ha="right", va="center", color=INK)
    x = _MARGIN + layout.prior_width - 0.08
    for (label, _), at in blocks.items():
        middle = (at[0] + at[-1] + layout.step) / 2
        axes.text(_MARGIN, middle, label, fontsize=9.5, fontweight="bold", va="center", color=INK)
        axes.plot([x, x], [at[0] + 0.03, at[-1] + layout.step - 0.03], color=QUIET, linewidth=1)


def _family_header(axes: Axes, family: str, left: float, width: float, top: float) -> None:
    at = (left + width / 2, top + 0.10)
    axes.text(*at, family, fontsize=9, fontweight="bold", ha="center", va="center", color=INK)
    axes.plot([left + 0.04, left + width - 0.04], [top + _FAMILY - 0.02] * 2, color=QUIET, linewidth=0.8)


def _values(
    table: pd.DataFrame | None, lines: Sequence[Line], column: Column
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, standard error and number of replicates of each line in one column, NaN where missing.

    Published rows name no bottleneck: they answer for any.
    """
    found: dict[tuple[str, str, str], tuple[float, float, float]] = {}
    if table is not None:
        part = table[table["metric"] == column.name]
        for row in cast(Iterable[Any], part.itertuples()):
            found[(row.bottleneck, row.prior, row.decoder)] = (row.mean, row.se, np.nan if pd.isna(row.n) else row.n)
    nothing = (np.nan, np.nan, np.nan)
    pairs = [
        found.get((line.bottleneck, line.prior, line.decoder), found.get(("", line.prior, line.decoder), nothing))
        for line in lines
    ]
    means, errors, counts = np.array(pairs, dtype=float).reshape(-1, 3).T
    return np.where(np.isfinite(means), means, np.nan), errors, counts


def _footer(
    models: pd.DataFrame, columns: Sequence[Column], published: bool, remarks: Sequence[str], width: float
) -> list[str]:
    counts = sorted({int(n) for n in models["n"].dropna() if n > 0})
    if not counts:
        parts = ["Mean ± standard error."]
    elif counts == [1]:
        parts = ["One replicate, so no standard error."]
    else:
        span = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else f"{counts[0]}"
        parts = [f"Mean over n = {span} replicates ± standard error."]
    parts.append(
        "Shaded per column and panel, darker is better; what noise explains is nearly one shade; bold is a best that "
        "stands alone."
    )
    logs = [column.long for column in columns if column.log]
    if logs:
        parts.append(f"{', '.join(logs)}: shaded on a log scale; * over {OUTLIER:.0f} times the best.")
    if models["mean"].isna().any() or not len(models):
        parts.append(f"{DASH} undefined or not scored.")
    if published:
        parts.append("[ ] the paper's Figure 2.")
    return textwrap.wrap(" ".join([*parts, *remarks]), int((width - 2 * _MARGIN) / 0.062))
