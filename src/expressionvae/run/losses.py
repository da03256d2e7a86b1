"""The losses of one training, stage 1 or 2, as a plot: total above, named terms and learning rate below."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from expressionvae import stored
from expressionvae.files import reading, require
from expressionvae.writing.style import BLUE, VERMILION

SPLITS = ("train", "validation")
_COLOURS = {"train": BLUE, "validation": VERMILION}


def read(path: str | Path) -> pd.DataFrame:
    """losses.csv: columns step, split ("train" or "validation"), loss, any named terms, perhaps lr.

    Raises UserError for a missing column, an unknown split or a file without rows.
    """
    with reading(path, "a table of losses"):
        table = stored.table(path, texts=["split"], numbers=["step", "loss"])
        unknown = sorted(set(table["split"]) - set(SPLITS))
        require(not unknown, f"split {(unknown or [None])[0]!r} is unknown; expected train or validation")
        require(len(table), "no rows; expected at least one logged step")
        require((table["step"] > 0).all(), "a step is not above 0")
    return table.sort_values("step", kind="stable")


def draw(losses: pd.DataFrame, title: str) -> Figure:
    """Loss of both splits, then a small panel per further numeric term and for the learning rate (`lr`)."""
    terms = [
        str(name) for name in losses.columns if name not in ("step", "split", "loss", "lr") and _drawable(losses[name])
    ] + (["lr"] if "lr" in losses.columns and _drawable(losses["lr"]) else [])
    across = 2 if len(terms) in (2, 4) else 3
    rows = -(-len(terms) // across)
    figure = Figure(figsize=(7.5, 3.6 + 1.9 * rows), facecolor="white", layout="constrained")
    grid = figure.add_gridspec(1 + rows, across, height_ratios=[1.9] + [1.0] * rows)
    main = figure.add_subplot(grid[0, :])
    _curves(main, losses, "loss", ticks=8)
    main.set(title=title, xlabel="step", ylabel="loss")
    if main.get_legend_handles_labels()[0]:
        main.legend(frameon=False)
    for i, term in enumerate(terms):
        axes = figure.add_subplot(grid[1 + i // across, i % across])
        _curves(axes, losses, term, ticks=3)
        axes.set_xlim(main.get_xlim())
        axes.set_title("learning rate" if term == "lr" else term, fontsize=9)
        axes.tick_params(labelsize=7)
        axes.set_xlabel("step", fontsize=8)
    return figure


def _drawable(values: pd.Series) -> bool:
    """Numbers that say something: a term that is zero throughout (FSQ has no penalty) gets no panel."""
    return pd.api.types.is_numeric_dtype(values) and bool((values.fillna(0) != 0).any())


def _curves(axes: Axes, losses: pd.DataFrame, term: str, ticks: int) -> None:
    shown = []
    for split in ("train",) if term == "lr" else SPLITS:
        part = losses.loc[(losses["split"] == split) & np.isfinite(losses[term]), ["step", term]]
        if part.empty:
            continue
        shown.append(part[term].to_numpy(dtype=float))
        _curve(axes, part["step"].to_numpy(), part[term], split, smooth=term != "lr")
    # A loss that falls by an order of magnitude is unreadable on a linear scale.
    together = np.concatenate(shown) if shown else np.zeros(1)
    if term != "lr" and together.min() > 0 and together.max() / together.min() > 20:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_locator(MaxNLocator(ticks, integer=True))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e5e5e5", linewidth=0.7)
    axes.set_axisbelow(True)


def _curve(axes: Axes, steps: np.ndarray, values: pd.Series, split: str, smooth: bool) -> None:
    colour = _COLOURS[split]
    if split == "validation":
        axes.plot(steps, values, color=colour, linewidth=1.4, marker="o", markersize=3, label=split, zorder=3)
        return
    window = len(values) // 40
    if not smooth or window < 3:
        axes.plot(
            steps,
            values,
            color=colour,
            linewidth=1.4,
            label=split,
            zorder=2,
            marker="." if len(values) == 1 else "",
        )
        return
    axes.plot(steps, values, color=colour, linewidth=0.6, alpha=0.3, zorder=1)
    mean = values.rolling(window, center=True, min_periods=1).mean()
    axes.plot(steps, mean, color=colour, linewidth=1.6, label=f"{split} (running mean of {window})", zorder=2)
