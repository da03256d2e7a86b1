"""Identity: the share of cells that a classifier trained on real cells assigns to the cell type that was asked for."""

import math
from typing import Any

import numpy as np
from jaxtyping import Bool
from numpy import ndarray

from expressionvae.catalogue import metrics
from expressionvae.evaluation.cell_types import VARIANTS, Judges
from expressionvae.evaluation.comparison import Compared
from expressionvae.metrics.measures import measured

IDENTITIES = [(metric, variant) for variant in VARIANTS for metric in metrics.on("types")]


def shares(
    true: Bool[ndarray, "cell"], predicted: Bool[ndarray, "cell"], *, is_control: Bool[ndarray, "cell"], **others: Any
) -> dict[str, float]:
    """The share of cells that are of the wanted type, of perturbed cells and of controls, predicted and true.

    true, predicted: whether each cell is assigned to it.
    """
    return {
        "identity": float(predicted[~is_control].mean()),
        "identity_true": float(true[~is_control].mean()),
        "identity_controls": float(predicted[is_control].mean()),
        "identity_controls_true": float(true[is_control].mean()),
    }


def identity_scores(true: Compared, predicted: Compared, wanted: ndarray, judges: Judges) -> list[dict]:
    """Identity of predicted and of true cells, as rows of distribution.csv: those that `IDENTITIES` lists.

    wanted: the cell type of each row; of several types each has its shares, and their mean is given. With `predicted` =
    `true` both are the true cells' own. Where the training cells have one type there is nothing to be told apart, and
    the rows hold NaN of no cell.
    """
    assert true.X.shape == predicted.X.shape and len(wanted) == len(judges.half)
    rows = []
    for variant in VARIANTS:
        if not judges.defined:
            rows += [_row(metric, variant, math.nan, 0) for metric in metrics.on("types")]
            continue
        right = [judges.assigned(cells.X, variant) == wanted for cells in (true, predicted)]
        values = _averaged([_shares(right, true.is_control, wanted == kind) for kind in np.unique(wanted)])
        cells = {True: int(np.count_nonzero(true.is_control)), False: int(np.count_nonzero(~true.is_control))}
        rows += [_row(metric, variant, value, cells["controls" in metric]) for metric, value in values.items()]
    assert [(row["metric"], row["variant"]) for row in rows] == IDENTITIES
    return rows


def _shares(right: list[ndarray], is_control: ndarray, rows: ndarray) -> dict[str, float]:
    """Of some rows the shares that are right, of true and of predicted cells."""
    return measured("types", *(side[rows] for side in right), is_control=is_control[rows])


def _averaged(found: list[dict[str, float]]) -> dict[str, float]:
    return {metric: float(np.mean([shares[metric] for shares in found])) for metric in found[0]}


def _row(metric: str, variant: str, value: float, cells: int) -> dict:
    return {"metric": metric, "variant": variant, "value": value, "n_true": cells, "n_pred": cells}
