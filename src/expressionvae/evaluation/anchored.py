"""Cells anchored on real ones: control cells of the wanted type, moved by the shift that a model predicts.

A model's own cells may be of another cell type than the wanted one where it has to compose what it has seen apart; the
difference between its perturbed cells and its controls keeps less of that.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy import ndarray
from scipy import sparse

from expressionvae.evaluation.baselines import Training, by_combination, draw_controls, groups
from expressionvae.evaluation.comparison import comparison_space, mean_cell
from expressionvae.files import UserError

Shifts = Mapping[tuple[str, str], ndarray]


def shifts(
    cells: sparse.csr_matrix | ndarray, query: pd.DataFrame, *, control: str, rescale_to: float | int
) -> dict[tuple[str, str], ndarray]:
    """The predicted shift [gene] of every (cell type, perturbation) of the query but the controls.

    Args:
        cells: predicted cells [cell gene] on the linear scale, a row for every row of the query.

    Mean of the predicted perturbed cells less mean of the predicted controls of the cell type, in comparison space.

    Raises:
        UserError: if the query asks for no control of a cell type.
    """
    log = comparison_space(cells, rescale_to=rescale_to)
    rows = groups(query["cell_type"], query["perturbation"])
    found = {}
    for kind, label in rows:
        if label == control:
            continue
        if (kind, control) not in rows:
            raise UserError(f"query: no {control!r} of cell type {kind!r}, from which a predicted shift could be taken")
        found[kind, label] = mean_cell(log[rows[kind, label]]) - mean_cell(log[rows[kind, control]])
    return found


def anchored(training: Training, query: pd.DataFrame, moves: Shifts, *, seed: int) -> sparse.csr_matrix:
    """Real control cells of each row's type, moved by the shift of its perturbation: linear scale [cell gene].

    Drawn as the baselines draw theirs. The sum is taken in comparison space and clamped at 0; every cell then has the
    library size over the panel of the control that it was. Controls are moved by nothing: they are real ones' counts.
    """
    drawn = training.X[draw_controls(training, query, np.random.default_rng(seed))].astype(np.float32)

    def moved(kind: str, label: str, rows: ndarray) -> sparse.csr_matrix:
        cells = sparse.csr_matrix(drawn[rows])
        move = moves.get((kind, label))
        return cells if move is None else _moved(cells, move, training.rescale_to)

    return by_combination(query, moved)


def _moved(counts: sparse.csr_matrix, move: ndarray, rescale_to: float | int) -> sparse.csr_matrix:
    """Counts [cell gene], each cell moved in comparison space and brought back to its own library size."""
    library = np.asarray(counts.sum(axis=1), dtype=np.float64)
    log = comparison_space(counts, rescale_to=rescale_to).toarray()
    linear = np.expm1(np.maximum(log + move, 0))
    total = linear.sum(axis=1, keepdims=True)
    scale = np.divide(library, total, out=np.zeros_like(total), where=total > 0)
    return sparse.csr_matrix((linear * scale).astype(np.float32))
