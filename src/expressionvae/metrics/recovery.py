"""On a made-up screen the true effects are known: how much of them a prediction recovers."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from expressionvae import npz
from expressionvae.evaluation.comparison import Compared, mean_cell, mean_cells
from expressionvae.files import reading, require

Effect = Float[ndarray, "gene"]


def true_effects(path: str | Path, cell_type: str, *, rescale_to: float) -> dict[str, Effect]:
    """The noise-free shift of every perturbation in a cell type: difference of log1p of rescaled expected profiles.

    path: `effects.npz` as the rule `simulate` writes it.
    """
    with reading(path, "the true effects of a made-up screen"):
        stored = npz.arrays(path, "cell_types", "perturbations", "baseline", "log_fold_change")
        cell_types, names, baselines, effects = stored[0].tolist(), stored[1].tolist(), *stored[2:]
        require(cell_type in cell_types, f"it has no cell type {cell_type!r}")
        require(effects.shape == (len(cell_types), len(names), baselines.shape[-1]), "its arrays do not fit together")
        require(np.isfinite(effects).all() and (baselines > 0).all(), "an effect or a baseline is no number")
        row = cell_types.index(cell_type)
        baseline = baselines[row].astype(float)
        profiles = baseline * np.exp(effects[row].astype(float))  # [perturbation gene]
    unperturbed = np.log1p(baseline / baseline.sum() * rescale_to)
    shifts = np.log1p(profiles / profiles.sum(1, keepdims=True) * rescale_to) - unperturbed
    return dict(zip(names, shifts, strict=True))


def shifts(cells: Compared) -> dict[str, Effect]:
    """Mean of each perturbation's cells minus mean of the controls, in comparison space."""
    return dict(zip(cells.perturbations, mean_cells(cells) - mean_cell(cells.control_cells), strict=True))


def recovered(predicted: Mapping[str, Effect], true: Mapping[str, Effect]) -> float:
    """Mean over perturbations of the Pearson correlation with the true shift; a constant shift counts as 0."""
    scores = []
    for label, shift in predicted.items():
        flat = np.std(shift) == 0 or np.std(true[label]) == 0
        scores.append(0.0 if flat else np.corrcoef(shift, true[label])[0, 1])
    return float(np.mean(scores))


def specific(predicted: Mapping[str, Effect], true: Mapping[str, Effect]) -> float:
    """As `recovered`, for what sets a perturbation apart: its shift less the mean shift of all, on both sides.

    NaN for a single perturbation, which nothing sets apart.
    """
    if len(predicted) < 2:
        return float("nan")
    sides = []
    for side in (predicted, {label: true[label] for label in predicted}):
        common = np.mean(list(side.values()), axis=0)
        sides.append({label: shift - common for label, shift in side.items()})
    return recovered(*sides)


def of_each_type(cells: Compared, effects: Mapping[str, Mapping[str, Effect]]) -> dict[str, float]:
    """`recovered` and `specific`, the mean over the cell types of the cells; effects: by cell type."""
    parts = cells.by_cell_type()
    sides = [(shifts(part), effects[name] if name else next(iter(effects.values()))) for name, part in parts.items()]
    measures = {"recovered": recovered, "specific": specific}
    return {name: float(np.mean([measure(*side) for side in sides])) for name, measure in measures.items()}
