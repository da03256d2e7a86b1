"""How a published screen came through its preparation: cells per step, per group and perturbation, knock-down."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from expressionvae import stored
from expressionvae.files import reading, require
from expressionvae.writing.style import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION

_COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)
_FEW = len(_COLOURS)  # groups that can be told apart as lines
# Columns of text, and of numbers, that each table has.
TABLES = {
    "steps": (["cell_type", "step"], ["cells"]),
    "perturbations": (["cell_type", "perturbation"], ["cells"]),
    "libraries": (["cell_type", "group"], ["from", "to", "cells"]),
}


def read(name: str, path: str | Path) -> pd.DataFrame:
    """A quality table (one of `TABLES`) from its CSV. Raises UserError when it is not one."""
    with reading(path, f"the quality table {name!r} of a screen"):
        texts, numbers = TABLES[name]
        table = stored.table(path, texts, numbers)
        require(len(table) > 0, "it has no row")
        require((table["cells"] >= 0).all(), "a number of cells is none")
    return table


def draw(
    steps: pd.DataFrame, perturbations: pd.DataFrame, libraries: pd.DataFrame, *, title: str, limit: float | None
) -> Figure:
    """A page of panels from the quality tables of a screen.

    Args:
        steps: cell_type, step, cells, perturbations.
        perturbations: cell_type, perturbation, cells; after a knock-down filter also residual, kept (cells).
        libraries: cell_type, group, from, to, cells (a histogram).
        limit: the mean residual below which a target is kept; None without such a filter.
    """
    filtered = limit is not None
    groups = len(libraries[["cell_type", "group"]].drop_duplicates())
    figure = Figure(figsize=(11, 5.5 + 0.13 * groups), facecolor="white", layout="constrained")
    top, bottom = figure.subplots(2, 2, height_ratios=[1, 1 + groups / 25])
    figure.suptitle(title)
    _steps(top[0], steps)
    if filtered:
        _knockdown(top[1], perturbations, limit)
    else:
        _sizes(top[1], perturbations, "cells")
    _libraries(bottom[0], libraries)
    if perturbations["cell_type"].nunique() > _FEW:
        _grid(bottom[1], perturbations)
    else:
        _sizes(bottom[1], perturbations, "kept" if filtered else "cells")
    return figure


def _shown(name: object) -> str:
    """A label as it stands: two dollar signs would make it a formula."""
    return str(name).replace("$", r"\$")


def _steps(axes: Axes, steps: pd.DataFrame) -> None:
    order = list(dict.fromkeys(steps["step"]))
    names = list(dict.fromkeys(steps["cell_type"]))
    for i, name in enumerate(names):
        part = steps[steps["cell_type"] == name].set_index("step").reindex(order)
        places = np.arange(len(order)) + (i - (len(names) - 1) / 2) * 0.8 / len(names)
        label = None if len(names) == 1 else _shown(name)
        axes.barh(places, part["cells"], 0.8 / len(names), color=_COLOURS[i % _FEW], label=label)
        for place, cells in zip(places, part["cells"], strict=True):
            axes.text(cells, place, f" {cells:,.0f}", va="center", fontsize=6)
    axes.set_yticks(range(len(order)), order)
    axes.invert_yaxis()
    axes.margins(x=0.18)
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.set(xlabel="cells", title="cells left after each step")
    if len(names) > 1:
        axes.legend(frameon=False, fontsize=8)


def _knockdown(axes: Axes, perturbations: pd.DataFrame, limit: float) -> None:
    edges = np.linspace(0, 1.5, 61).tolist()
    for colour, (name, part) in zip(_COLOURS, perturbations.groupby("cell_type", sort=False), strict=False):
        residual = part["residual"].replace(np.inf, np.nan).dropna().clip(upper=edges[-1])
        share = (residual < limit).mean()
        axes.hist(residual, edges, histtype="step", color=colour, label=f"{_shown(name)}: {share:.0%} below {limit:g}")
    axes.axvline(limit, color="black", linestyle="--", linewidth=0.8)
    axes.set(xlabel="mean residual expression of the target", ylabel="targets", title="knock-down per target")
    axes.legend(frameon=False, fontsize=8)


def _libraries(axes: Axes, libraries: pd.DataFrame) -> None:
    """A row a group: share of its cells by library size, over the sizes that occur."""
    one_group = libraries["group"].nunique() == 1
    names = libraries["cell_type"] if one_group else libraries["cell_type"] + ", " + libraries["group"]
    table = libraries.assign(name=names).pivot_table(index="name", columns="from", values="cells", sort=False)
    table = table[sorted(table.columns)]
    seen = np.flatnonzero(table.sum().to_numpy() > 0)
    inside = slice(max(seen.min() - 1, 0), seen.max() + 2)
    shares = table.div(table.sum(axis=1).clip(lower=1), axis=0).to_numpy()[:, inside]
    edges = np.append(table.columns.to_numpy(), libraries["to"].max())[inside.start :][: shares.shape[1] + 1]
    axes.pcolormesh(edges, np.arange(len(table) + 1), shares, cmap="Blues", rasterized=True)
    axes.set_xscale("log")
    axes.set_yticks(np.arange(len(table)) + 0.5, [*map(_shown, table.index)], fontsize=7)
    axes.invert_yaxis()
    axes.set(xlabel="library size (counts over all genes)", title="library sizes, share of each row's cells")


def _sizes(axes: Axes, perturbations: pd.DataFrame, column: str) -> None:
    groups = perturbations.groupby("cell_type", sort=False)
    several = groups.ngroups <= _FEW
    for i, (name, part) in enumerate(groups):
        cells = np.sort(part.loc[part[column] > 0, column].to_numpy())[::-1]
        colour = _COLOURS[i] if several else BLUE
        axes.plot(
            np.arange(1, len(cells) + 1), cells, color=colour, label=_shown(name) if several else None, linewidth=1.2
        )
    axes.set_yscale("log")
    what = "cells kept" if column == "kept" else "cells"
    axes.set(xlabel="perturbations, largest first", ylabel=what, title=f"{what} of each perturbation")
    if several:
        axes.legend(frameon=False, fontsize=8)


def _grid(axes: Axes, perturbations: pd.DataFrame) -> None:
    table = perturbations.pivot_table(index="cell_type", columns="perturbation", values="cells", fill_value=0)
    shown = axes.pcolormesh(
        table.to_numpy(), norm=LogNorm(1, max(2, table.to_numpy().max())), cmap="Blues", rasterized=True
    )
    axes.set_yticks(np.arange(len(table)) + 0.5, [*map(_shown, table.index)], fontsize=7)
    axes.invert_yaxis()
    axes.set(xlabel=f"{table.shape[1]} perturbations, alphabetically", title="cells per cell type and perturbation")
    axes.figure.colorbar(shown, ax=axes, label="cells")
