"""Figure 3: separability and enrichment of frozen encoders, a row of panels a training dataset, bars by head."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from expressionvae.paper import names
from expressionvae.paper.figures.figure3_data import (
    DECIMALS,
    DEPTH,
    EMBEDDINGS,
    HVG,
    PANELS,
    PCA,
    TRAINED,
    UNTRAINED,
    caption,
)
from expressionvae.writing.markup import plain
from expressionvae.writing.style import BLUE, GREEN, INK, ORANGE, PURPLE, QUIET, SKY

_BARS, _SCGPT, _BAND = (BLUE, ORANGE, SKY, PURPLE), GREEN, "#e4e4e4"
_LINES = {PCA: (0, (6, 2)), HVG: (0, (2, 1.2)), DEPTH: (0, (1, 3))}
_ROW, _WIDTH, _TOP, _LEGEND, _NOTE = 2.7, 10.2, 0.02, 0.50, 0.165  # inches


def draw(summary: pd.DataFrame, *, notes: Mapping[str, str]) -> Figure:
    """The paper's Figure 3 from `figure3_data.summarise`: a row a screen and training dataset, three panels.

    Bars: trained encoders, by head and bottleneck, the best of a panel with its value; whiskers: 95% interval.
    Diamonds: the same encoder untrained. Lines: chance, PCA, log values, and scGPT's published number; a cross:
    the paper's own number.
    """
    trained = summary[summary["embedding"] == TRAINED]
    rows = list(dict.fromkeys(trained[["screen", "dataset"]].itertuples(index=False, name=None)))
    heads, bottlenecks = (list(dict.fromkeys(trained[key])) for key in ("head", "bottleneck"))
    text = textwrap.wrap(plain(caption(summary, notes)), 165)
    height = _TOP + _ROW * len(rows) + _LEGEND + _NOTE * len(text) + 0.1
    figure = Figure(figsize=(_WIDTH, height), facecolor="white")
    for i, (screen, dataset) in enumerate(rows):
        shown = summary[(summary["screen"] == screen) & summary["dataset"].isin([dataset, ""])]
        bottom = height - _TOP - _ROW * (i + 1)
        for j, metric in enumerate(PANELS):
            area = (0.075 + 0.313 * j, (bottom + 0.36) / height, 0.262, (_ROW - 0.88) / height)
            axes = figure.add_axes(area)
            _panel(axes, shown[shown["metric"] == metric], metric, heads, bottlenecks)
        title = f"Trained on {names.dataset(dataset)}, embedding {screen}"
        figure.text(0.012, (bottom + _ROW - 0.20) / height, title, fontsize=10.5, fontweight="bold", color=INK)
    _legend(figure, summary, bottlenecks, (_NOTE * len(text) + 0.08) / height)
    for i, line in enumerate(text):
        y = (_NOTE * (len(text) - i - 0.5) + 0.05) / height
        figure.text(0.012, y, line, fontsize=7.5, color=QUIET, va="center", parse_math=False)
    return figure


def _panel(axes: Axes, table: pd.DataFrame, metric: str, heads: Sequence[str], bottlenecks: Sequence[str]) -> None:
    chance = 0.5 if metric == "enrichment_auc" else 1.0
    width = 0.8 / len(bottlenecks)
    _chance(axes, table, chance)
    models = table[table["embedding"].isin([TRAINED, UNTRAINED])].set_index(["embedding", "head", "bottleneck"])
    places = {
        (head, bottleneck): i + (j - (len(bottlenecks) - 1) / 2) * width
        for i, head in enumerate(heads)
        for j, bottleneck in enumerate(bottlenecks)
    }
    for (head, bottleneck), x in places.items():
        colour = _BARS[bottlenecks.index(bottleneck) % len(_BARS)]
        _bar(axes, models, (head, bottleneck), x, width, colour)
    _reference_lines(axes, table)
    axes.set_title(f"{PANELS[metric]} \N{UPWARDS ARROW}", fontsize=9.5, color=INK)
    axes.set_xticks(range(len(heads)), [names.head(head) for head in heads], fontsize=8.5)
    axes.set_xlim(-0.55, len(heads) - 0.45)
    axes.tick_params(axis="y", labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    _limits(axes, table, metric)
    _mark_best(axes, models, places, metric)


def _bar(axes: Axes, models: pd.DataFrame, who: tuple[str, str], x: float, width: float, colour: str) -> None:
    if (TRAINED, *who) not in models.index:
        return
    row: Any = models.loc[[(TRAINED, *who)]].iloc[0]
    axes.bar(x, row["value"], width * 0.92, color=colour, zorder=2)
    if np.isfinite(row["low"]):
        edge = [withStroke(linewidth=2.6, foreground="white")]  # black on dark blue would not be seen
        left = [x - 0.2 * width] * 2
        axes.plot(left, [row["low"], row["high"]], color=INK, linewidth=1.1, zorder=4, path_effects=edge)
    if np.isfinite(row["published"]):
        edge = [withStroke(linewidth=4, foreground="white")]
        axes.plot(x, row["published"], "x", color=INK, markersize=7, markeredgewidth=1.8, zorder=6, path_effects=edge)
    if (UNTRAINED, *who) in models.index:
        value = float(models["value"].loc[[(UNTRAINED, *who)]].iloc[0])
        axes.plot(x + 0.2 * width, value, "D", markersize=5, markerfacecolor="white", markeredgecolor=INK, zorder=5)


def _chance(axes: Axes, table: pd.DataFrame, chance: float) -> None:
    """Dashed where nothing is told apart, in the band that 95% of random labellings or rankings fall in."""
    low, high = table["random_low"].min(), table["random_high"].max()
    if np.isfinite(low):
        axes.axhspan(low, high, color=_BAND, zorder=0, linewidth=0)
    axes.axhline(chance, color=QUIET, linestyle="--", linewidth=1, zorder=3)


def _reference_lines(axes: Axes, table: pd.DataFrame) -> None:
    for name, style in _LINES.items():
        for value in table.loc[table["embedding"] == name, "value"]:
            axes.axhline(value, color=INK, linestyle=style, linewidth=1.1, zorder=3)
    for value in table.loc[table["embedding"] == "scgpt", "published"]:
        axes.axhline(value, color=_SCGPT, linestyle="-.", linewidth=1.4, zorder=3)


def _limits(axes: Axes, table: pd.DataFrame, metric: str) -> None:
    if metric == "enrichment_auc":
        axes.set_ylim(0, 1.12)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
        return
    highest = np.nanmax([*table["value"], *table["published"], 1.0])
    axes.set_ylim(0, 1.18 * highest)


def _mark_best(axes: Axes, models: pd.DataFrame, places: Mapping[tuple[str, str], float], metric: str) -> None:
    if TRAINED not in models.index:
        return
    trained = cast(pd.DataFrame, models.loc[TRAINED]).dropna(subset=["value"])
    if trained.empty:
        return
    who = cast(tuple[str, str], trained["value"].idxmax())
    row: Any = trained.loc[[who]].iloc[0]
    tops = [row["value"], row["high"], row["published"]]
    twin = models["value"].loc[[(UNTRAINED, *who)]].tolist() if (UNTRAINED, *who) in models.index else []
    tops += [
        1.03 * value for value in twin if 0.9 * np.nanmax(tops) < value < 1.1 * np.nanmax(tops)
    ]  # it would be covered
    top = np.nanmax(tops)
    text = f"{row['value']:.{DECIMALS[metric]}f}"
    gap = 0.015 * axes.get_ylim()[1]
    axes.text(
        places[who], top + gap, text, ha="center", va="bottom", fontsize=8.5, fontweight="bold", color=INK, zorder=7,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.8},
    )  # fmt: skip


def _legend(figure: Figure, summary: pd.DataFrame, bottlenecks: Sequence[str], bottom: float) -> None:
    handles: list[Patch | Line2D] = [
        Patch(color=_BARS[i % len(_BARS)], label=f"{names.bottleneck(name)} encoder")
        for i, name in enumerate(bottlenecks)
    ]
    diamond = {"marker": "D", "linestyle": "", "markerfacecolor": "white", "markeredgecolor": INK, "markersize": 5}
    handles.append(Line2D([], [], label="the same, untrained", **diamond))
    for name, style in _LINES.items():
        handles.append(Line2D([], [], color=INK, linestyle=style, linewidth=1.1, label=EMBEDDINGS[name]))
    handles.append(Line2D([], [], color=QUIET, linestyle="--", linewidth=1, label="chance"))
    handles.append(Patch(color=_BAND, label="95% of random"))
    handles.append(Line2D([], [], color=INK, linewidth=1.1, label="95% interval"))
    if summary["published"].notna().any():
        cross = {"marker": "x", "linestyle": "", "color": INK, "markersize": 7, "markeredgewidth": 1.8}
        handles.append(Line2D([], [], label="the paper's", **cross))
    if (summary["embedding"] == "scgpt").any():
        handles.append(Line2D([], [], color=_SCGPT, linestyle="-.", linewidth=1.4, label="scGPT, published"))
    figure.legend(
        handles=handles, loc="lower center", bbox_to_anchor=(0.5, bottom), ncols=-(-len(handles) // 2), fontsize=8,
        frameon=False, columnspacing=1.6, handletextpad=0.6,
    )  # fmt: skip
