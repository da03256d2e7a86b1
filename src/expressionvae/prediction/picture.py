"""Predicted cells beside real ones, in the plane in which the real ones differ most: a panel a predictor."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy import ndarray
from scipy import sparse

from expressionvae.writing.style import ORANGE, QUIET, SKY, VERMILION

MOST = 400  # cells of a group that are drawn


@dataclass(frozen=True)
class Group:
    """Cells [cell gene] in comparison space, as a legend calls and a panel colours them."""

    label: str
    colour: str
    cells: sparse.csr_matrix


def real_groups(cell_type: str, perturbation: str, **cells: sparse.csr_matrix) -> list[Group]:
    """Real cells by keyword: `controls` of the type, `other_controls`, and `perturbed` cells of other types.

    Those without a cell are left out.
    """
    about = {
        "other_controls": ("controls of other types", "#c9c9c9"),
        "perturbed": (f"{perturbation} in other types", ORANGE),
        "controls": (f"controls of {cell_type}", SKY),
    }
    return [Group(*about[name], cells[name]) for name in about if cells[name].shape[0]]  # type: ignore[index]


def predicted_groups(predicted: Mapping[str, sparse.csr_matrix]) -> dict[str, Group]:
    """The predicted perturbed cells of each predictor."""
    label = "predicted perturbed cells"
    return {name: Group(label, VERMILION, cells) for name, cells in predicted.items()}


def panels(real: list[Group], predicted: Mapping[str, Group], *, seed: int) -> dict[str, str]:
    """A picture of each predictor's cells, as a data URI; axes are the same in all.

    The plane is spanned by the first two principal components of the real cells.
    """
    generator = np.random.default_rng(seed)
    shown = [_dense(group.cells, generator) for group in real]
    fitted = np.concatenate(shown)
    centre = fitted.mean(axis=0)
    _, size, axes = np.linalg.svd(fitted - centre, full_matrices=False)
    axes = axes[:2] * np.where(axes[:2].sum(axis=1) < 0, -1, 1)[:, None]  # a sign that no library chooses
    share = size[:2] ** 2 / np.sum(size**2)
    points = [(cells - centre) @ axes.T for cells in shown]
    clouds = {name: (_dense(group.cells, generator) - centre) @ axes.T for name, group in predicted.items()}
    limits = _limits(np.concatenate([*points, *clouds.values()]))
    coloured = list(zip(points, real, strict=True))
    return {
        name: _picture([*coloured, (cloud, predicted[name])], limits, share, name) for name, cloud in clouds.items()
    }


def _dense(cells: sparse.csr_matrix, generator: np.random.Generator) -> ndarray:
    number = cells.shape[0]  # type: ignore[index]
    rows = np.sort(generator.choice(number, min(number, MOST), replace=False))
    return cells[rows].toarray().astype(np.float64)


def _limits(points: ndarray) -> tuple[ndarray, ndarray]:
    low, high = points.min(axis=0), points.max(axis=0)
    return low - 0.05 * (high - low), high + 0.05 * (high - low)


def _picture(clouds: list[tuple[ndarray, Group]], limits: tuple[ndarray, ndarray], share: ndarray, title: str) -> str:
    figure = Figure(figsize=(4, 3.6), layout="constrained")
    axis = figure.subplots()
    for points, group in clouds:
        axis.scatter(*points.T, s=7, color=group.colour, linewidth=0, alpha=0.75)
    axis.set_xlim(limits[0][0], limits[1][0])
    axis.set_ylim(limits[0][1], limits[1][1])
    axis.set_xlabel(f"PC 1 ({share[0]:.0%} of real cells' variance)", color=QUIET, fontsize=8)
    axis.set_ylabel(f"PC 2 ({share[1]:.0%})", color=QUIET, fontsize=8)
    axis.set_title(title, fontsize=10, loc="left")
    axis.tick_params(labelsize=7, colors=QUIET)
    axis.spines[["top", "right"]].set_visible(False)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=170, metadata={"Software": None})
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
