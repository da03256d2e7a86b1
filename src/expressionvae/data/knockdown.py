"""The knock-down filter of CRISPRi screens: targets, then cells, whose own target is down.

That of STATE and cell-load (github.com/ArcInstitute/cell-load, `filter_on_target_knockdown`): the mean of a target's
cells over the mean of controls, then each cell over that same mean, then the number of cells that are left; ratios
must be *below* their bounds. cell-load takes the values of the file as they are (config value `raw`: its own command
filters first and normalises afterwards).
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Bool, Integer
from numpy import ndarray
from scipy.sparse import csr_matrix

from expressionvae.arrays import Library
from expressionvae.data.matrix import Block
from expressionvae.files import UserError

Kept = Bool[ndarray, "cell"]
Targets = Integer[ndarray, "cell"]  # column of each cell's own target, -1 where there is none

REASONS = ("kept", "not in controls", "not knocked down", "too few cells")
SCALES = ("raw", "linear", "log")


@dataclass(frozen=True)
class Filter:
    """Knock-down filter: residual = the target's expression over its mean in controls.

    scale: "raw" compares counts as they are in the file; "linear" counts rescaled to `rescale_to` a cell, "log" log1p
    of those. target_residual, cell_residual: a residual must be below them. min_cells: cells that must be left.
    """

    target_residual: float
    cell_residual: float
    min_cells: int
    scale: str
    rescale_to: float

    def __post_init__(self) -> None:
        if self.scale not in SCALES:
            raise UserError(f"knock-down filter: scale '{self.scale}' is unknown; expected {', '.join(SCALES)}")

    def on_each_scale(self) -> "dict[str, Filter]":
        """The same bounds on every scale."""
        return {scale: replace(self, scale=scale) for scale in SCALES}

    def expression(self, counts: ndarray, library: Library) -> ndarray:
        """Counts of cells of some library sizes on the scale of comparison."""
        if self.scale == "raw":
            return counts
        values = counts * (self.rescale_to / np.maximum(library, 1))
        return np.log1p(values) if self.scale == "log" else values


def own_counts(block: Block, target: Targets) -> ndarray:
    """Counts of each cell's own target; 0 where it has none."""
    counts = np.asarray(block[np.arange(len(target)), target], dtype=np.float64).ravel()
    return np.where(target >= 0, counts, 0.0)


def summed_expression(block: Block, library: Library, rule: Filter) -> ndarray:
    """Expression of every gene, summed over the cells of a block (controls)."""
    values = csr_matrix(block, dtype=np.float64)
    values.data = rule.expression(values.data, np.repeat(library, np.diff(values.indptr)))
    return np.asarray(values.sum(axis=0)).ravel()


def residuals(expression: ndarray, baseline: ndarray) -> ndarray:
    """Expression over its mean in controls; infinite where controls do not express it, so that it fails the filter."""
    return np.divide(expression, baseline, out=np.full(len(expression), np.inf), where=baseline > 0)


def knocked_down(label: ndarray, residual: ndarray, control: str, rule: Filter) -> tuple[Kept, pd.DataFrame]:
    """Which cells to keep: all controls, and cells that pass after their target has.

    Targets that controls do not express cannot be checked and are left out, as cell-load does.
    Also returns what became of each target: perturbation, cells, residual (mean), passing (cells under
    `cell_residual`), kept (cells), why.
    """
    cells = pd.DataFrame({"perturbation": label, "residual": residual, "below": residual < rule.cell_residual})
    grouped = cells[cells["perturbation"] != control].groupby("perturbation", sort=True, observed=True)
    targets = grouped.agg(
        cells=("below", "size"), residual=("residual", "mean"), passing=("below", "sum")
    ).reset_index()
    down = targets["residual"] < rule.target_residual
    many = targets["passing"] >= rule.min_cells
    failed = [~np.isfinite(targets["residual"]), ~down, ~many]
    targets["why"] = np.select(failed, REASONS[1:], REASONS[0])
    targets["kept"] = np.where(down & many, targets["passing"], 0)
    survivors = set(targets.loc[down & many, "perturbation"])
    is_control = label == control
    keep = is_control | (cells["below"].to_numpy() & np.isin(label, list(survivors)))
    return keep, targets


def steps(label: ndarray, targets: pd.DataFrame, control: str) -> pd.DataFrame:
    """Cells and targets left after each step of the filter, controls counted among the cells throughout."""
    controls = int((label == control).sum())
    stages = {
        "in the file": (targets["cells"] > 0, "cells"),
        "target in controls": (targets["why"] != "not in controls", "cells"),
        "target knocked down": (targets["why"].isin(["kept", "too few cells"]), "cells"),
        "cell knocked down": (targets["why"].isin(["kept", "too few cells"]), "passing"),
        "enough cells": (targets["why"] == "kept", "passing"),
    }
    rows = [
        {"step": step, "cells": controls + int(targets.loc[here, column].sum()), "perturbations": int(here.sum())}
        for step, (here, column) in stages.items()
    ]
    return pd.DataFrame(rows).assign(controls=controls)
