"""Richness of the decoders against every metric: a figure that the paper talks about and lacks."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.stats import spearmanr

from expressionvae import stored
from expressionvae.files import reading, require
from expressionvae.paper import names
from expressionvae.paper.columns import Column, families
from expressionvae.paper.scores import RUN, SEEDS, replicates
from expressionvae.writing.formatting import DASH
from expressionvae.writing.style import BLACK, BLUE, GREEN, ORANGE, PURPLE, QUIET, SKY, VERMILION

MODEL = ["dataset", "bottleneck", "prior", "decoder"]
# Decoders in the order of the config, the paper's of richness.
_COLOURS = (BLUE, GREEN, ORANGE, VERMILION, PURPLE, SKY, BLACK)
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


def collect(runs: Sequence[Mapping[str, Any]], files: Sequence[str | Path], measure: str) -> pd.DataFrame:
    """`measure` (a metric of richness.csv) of each run: MODEL, SEEDS and `richness`.

    Raises UserError when a file lacks the measure.
    """
    assert len(runs) == len(files), "one file per run"
    rows = []
    for run, path in zip(runs, files, strict=True):
        with reading(path, "the richness of a decoder"):
            table = stored.table(path, texts=["metric"], numbers=["value"])
            found = table.loc[table["metric"] == measure, "value"]
            require(len(found) == 1, f"{len(found)} rows have the metric {measure!r}; expected one")
            require(found.iloc[0] >= 0, f"{measure} is {found.iloc[0]}")
        rows.append({key: run[key] for key in (*MODEL, *SEEDS)} | {"richness": float(found.iloc[0])})
    return pd.DataFrame(rows, columns=[*MODEL, *SEEDS, "richness"])


def join(scores: pd.DataFrame, richness: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    """Mean and SE over replicates of richness and of each metric (variant `paper`), one row a model and metric.

    `rho` is Spearman's rank correlation of the two over the `points` models of a dataset that define the metric,
    NaN for fewer than three or when one side is constant; it has no p-value, because models that share trained
    weights are not independent.
    """
    wanted = scores[(scores["variant"] == "paper") & (scores["baseline"] == "") & scores["metric"].isin(metrics)]
    ours = wanted.drop(columns=set(RUN) - set(MODEL)).astype(dict.fromkeys(SEEDS, int))
    both = ours.merge(richness, on=[*MODEL, *SEEDS], how="inner")
    groups = replicates(both, [*MODEL, "metric"], ["richness", "value"]).groupby([*MODEL, "metric"], sort=False)
    # Where a metric is undefined, its replicate says nothing; SE is NaN for one replicate (`scores.replicates`).
    table = groups.agg(
        richness=("richness", "mean"), richness_se=("richness", "sem"),
        mean=("value", "mean"), se=("value", "sem"), n=("value", "count"),
    ).reset_index()  # fmt: skip
    parts = [_correlated(part) for _, part in table.groupby(["dataset", "metric"], sort=False)]
    return pd.concat(parts, ignore_index=True) if parts else table.assign(rho=[], points=[])


def _correlated(part: pd.DataFrame) -> pd.DataFrame:
    defined = part[np.isfinite(part["mean"])]
    x, y = defined["richness"], defined["mean"]
    told = len(defined) > 2 and x.nunique() > 1 and y.nunique() > 1
    return part.assign(rho=float(spearmanr(x, y).statistic) if told else np.nan, points=len(defined))


def draw(table: pd.DataFrame, *, columns: Sequence[Column], datasets: Sequence[str], decoders: Sequence[str]) -> Figure:
    """A panel for each metric (families side by side, as in Figure 2) and dataset (rows), from `join`."""
    groups = families(columns)
    ordered = [column for _, members in groups for column in members]
    rows, across = max(len(datasets), 1), max(len(ordered), 1)
    figure = Figure(figsize=(max(1.45 * across + 0.4, 4.6), 1.75 * rows + 1.25), facecolor="white")
    bottom, top = 0.80 / figure.get_figheight(), 1 - 0.62 / figure.get_figheight()
    grid = figure.subplots(rows, across, squeeze=False)
    figure.subplots_adjust(left=0.07, right=0.99, bottom=bottom, top=top, wspace=0.42, hspace=0.5)
    styles = _markers(table)
    for line, dataset in zip(grid, datasets, strict=False):
        for axes, column in zip(line, ordered, strict=True):
            part = table[(table["dataset"] == dataset) & (table["metric"] == column.name)]
            _panel(axes, part, column, decoders, styles)
        line[0].set_ylabel(names.dataset(dataset), fontsize=9, fontweight="bold", labelpad=6)
    _headers(figure, list(grid[0]), groups)
    _legend(figure, table, decoders, styles)
    return figure


def _markers(table: pd.DataFrame) -> dict[tuple[str, str], str]:
    pairs = dict.fromkeys(table[["bottleneck", "prior"]].itertuples(index=False, name=None))
    return {pair: _MARKERS[i % len(_MARKERS)] for i, pair in enumerate(pairs)}


def _colour(decoder: str, decoders: Sequence[str]) -> str:
    return _COLOURS[list(decoders).index(decoder) % len(_COLOURS)]


def _panel(
    axes: Axes, part: pd.DataFrame, column: Column, decoders: Sequence[str], styles: Mapping[tuple[str, str], str]
) -> None:
    rho = float(part["rho"].iloc[0]) if len(part) else np.nan
    axes.set_title(f"{column.long} {column.arrow}\nρ = {rho:+.2f}" if np.isfinite(rho) else
                   f"{column.long} {column.arrow}\nρ {DASH}", fontsize=7.5, pad=3)  # fmt: skip
    axes.tick_params(labelsize=6.5, length=2, pad=1.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#ececec", linewidth=0.6)
    axes.set_axisbelow(True)
    shown = part[np.isfinite(part["mean"]) & part["decoder"].isin(decoders)]
    if shown.empty:
        axes.text(0.5, 0.5, "not defined", transform=axes.transAxes, fontsize=7, ha="center", color=QUIET)
        axes.set(xticks=[], yticks=[])
        return
    for _, row in shown.iterrows():
        axes.errorbar(
            [row["richness"]], [row["mean"]], xerr=[_error(row["richness_se"])], yerr=[_error(row["se"])],
            fmt=styles[(row["bottleneck"], row["prior"])], color=_colour(row["decoder"], decoders),
            markersize=4.2, markerfacecolor="none", markeredgewidth=1.1, elinewidth=0.8, zorder=3,
        )  # fmt: skip
    _scales(axes, shown, column)


def _error(value: float) -> float:
    return float(value) if np.isfinite(value) else 0.0


def _scales(axes: Axes, shown: pd.DataFrame, column: Column) -> None:
    """Richness starts at 0, where the deterministic decoders stand; logarithms where values span much."""
    positive = shown.loc[shown["richness"] > 0, "richness"]
    most = float(shown["richness"].max()) or 1.0
    if len(positive) and most / float(positive.min()) > 20:
        # Linear from 0 to the least that is not 0, so that 0 has a place on a logarithmic axis.
        axes.set_xscale("symlog", linthresh=float(positive.min()), linscale=0.5)
        axes.set_xlim(-0.3 * float(positive.min()), most * 2)
    else:
        axes.set_xlim(-0.08 * most, 1.12 * most)
        axes.locator_params(axis="x", nbins=3)
    values = shown["mean"]
    if column.log and values.min() > 0 and values.max() / values.min() > 20:
        axes.set_yscale("log")
        axes.minorticks_off()
    else:
        axes.locator_params(axis="y", nbins=4)


def _headers(figure: Figure, line: Sequence[Axes], groups: Sequence[tuple[str, list[Column]]]) -> None:
    start = 0
    for family, members in groups:
        boxes = [axes.get_position() for axes in line[start : start + len(members)]]
        y = 1 - 0.20 / figure.get_figheight()
        middle = (boxes[0].x0 + boxes[-1].x1) / 2
        figure.text(middle, y, family, fontsize=8.5, fontweight="bold", ha="center", va="center")
        start += len(members)


def _legend(
    figure: Figure, table: pd.DataFrame, decoders: Sequence[str], styles: Mapping[tuple[str, str], str]
) -> None:
    height = figure.get_figheight()
    figure.text(0.53, 0.50 / height, "richness: variance over draws from the same latents, log1p space (0: "
                "deterministic)", fontsize=7.5, ha="center", va="center", color=QUIET)  # fmt: skip
    used = [decoder for decoder in decoders if decoder in set(table["decoder"])]
    handles = [
        Line2D([], [], marker="o", linestyle="", color=_colour(d, decoders), label=names.decoder(d)) for d in used
    ]
    priors = [prior for _, prior in styles]
    for (bottleneck, prior), marker in styles.items():
        label = names.prior(prior) + (f" ({bottleneck})" if priors.count(prior) > 1 else "")
        handles.append(
            Line2D([], [], marker=marker, linestyle="", color=QUIET, markerfacecolor="none", label=label)
        )  # fmt: skip
    figure.legend(
        handles=handles, loc="lower center", ncols=max(len(handles), 1), fontsize=7.5, frameon=False,
        handletextpad=0.1, columnspacing=1.0, bbox_to_anchor=(0.53, 0.0),
    )  # fmt: skip
