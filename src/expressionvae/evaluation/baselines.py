"""Predictions without a model: a control cell, as it is or moved by the mean effect of other contexts."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, cast

import anndata as ad
import numpy as np
import pandas as pd
from numpy import ndarray
from scipy import sparse

from expressionvae.data import batches
from expressionvae.evaluation.comparison import comparison_space
from expressionvae.files import UserError


class Training:
    """Training cells by cell type and perturbation, and what is averaged over them."""

    def __init__(self, train: ad.AnnData, *, rescale_to: float | int):
        self.X, self.rescale_to = sparse.csr_matrix(train.X), rescale_to
        self.control = str(train.uns["screen"]["control"])
        self.n_genes = train.n_vars
        obs = pd.DataFrame({c: train.obs[c].astype(str).to_numpy() for c in ("cell_type", "perturbation")})
        self.rows = groups(obs["cell_type"], obs["perturbation"])
        self.batches = batches.of(train)
        self._means: dict[tuple[str, ...], ndarray] = {}

    @cached_property
    def contexts(self) -> list[str]:
        """Cell types that have controls."""
        return sorted(cell_type for cell_type, label in self.rows if label == self.control)

    def controls(self, cell_type: str) -> ndarray:
        """Rows of the control cells of a cell type; UserError when there are none."""
        if cell_type not in self.contexts:
            raise UserError(f"training cells: no {self.control!r} cell of cell type {cell_type!r}, expected some")
        return self.rows[cell_type, self.control]

    def log_normal(self, rows: ndarray) -> sparse.csr_matrix:
        return comparison_space(self.X[rows], rescale_to=self.rescale_to)

    def in_batch(self, rows: ndarray, batch: str) -> ndarray:
        """Those of some rows that are of a batch."""
        assert self.batches is not None
        return rows[self.batches[rows] == batch]

    def composition(self, cell_type: str, number: int) -> list[str] | None:
        """The batches of so many cells in the shares of a cell type's controls, sorted; None: there are no batches."""
        return None if self.batches is None else batches.apportioned(self.batches[self.controls(cell_type)], number)

    def mean(self, cell_type: str, label: str, batch: str | None = None) -> ndarray:
        """Mean [gene] in comparison space, of all batches or of one."""
        key = (cell_type, label) if batch is None else (cell_type, label, batch)
        if key not in self._means:
            rows = self.rows[cell_type, label]
            log = self.log_normal(rows if batch is None else self.in_batch(rows, batch)).astype(np.float64)
            self._means[key] = np.asarray(log.mean(axis=0)).ravel()
        return self._means[key]

    def effect(self, cell_type: str, label: str) -> ndarray:
        """Mean of the perturbed cells minus mean of the controls, [gene], in comparison space.

        With batches the mean of that within each that has controls, each counting by its perturbed cells.
        """
        if self.batches is None:
            return self.mean(cell_type, label) - self.mean(cell_type, self.control)
        within = self._compared_within(cell_type, label)
        effects = [self.mean(cell_type, label, one) - self.mean(cell_type, self.control, one) for one in within]
        return np.average(effects, axis=0, weights=list(within.values()))

    def shows(self, cell_type: str, label: str) -> bool:
        """Whether there are cells of a perturbation in a cell type that can be compared with controls."""
        if (cell_type, label) not in self.rows:
            return False
        return self.batches is None or bool(self._compared_within(cell_type, label))

    def _compared_within(self, cell_type: str, label: str) -> dict[str, int]:
        """Numbers of a combination's cells by batch, of the batches that have controls of the cell type."""
        assert self.batches is not None
        perturbed, controls = (self.batches[self.rows[cell_type, one]] for one in (label, self.control))
        names, sizes = np.unique(perturbed[np.isin(perturbed, controls)], return_counts=True)
        return dict(zip(names.tolist(), sizes.tolist(), strict=True))

    def effect_elsewhere(self, cell_type: str, label: str) -> ndarray:
        """The effect of `label` on `cell_type`, guessed from the other contexts [gene].

        The mean over training contexts that saw the perturbation, each counting once. Where none did: the
        mean effect of all perturbations that training holds of `cell_type` itself; where it holds none:
        UserError.
        """
        if label == self.control:
            return np.zeros(self.n_genes)
        seen = [c for c in self.contexts if c != cell_type and self.shows(c, label)]
        if seen:
            return np.mean([self.effect(c, label) for c in seen], axis=0)
        return self._mean_effect(cell_type, label)

    def _mean_effect(self, cell_type: str, label: str) -> ndarray:
        others = [p for c, p in self.rows if c == cell_type and p != self.control and self.shows(c, p)]
        if not others:
            raise UserError(
                f"training cells: perturbation {label!r} is in no cell type but {cell_type!r}, which has no"
                " other training perturbation to average; baseline perturb-mean is not defined"
            )
        return np.mean([self.effect(cell_type, p) for p in others], axis=0)


def control(training: Training, query: pd.DataFrame, rng: np.random.Generator) -> sparse.csr_matrix:
    """A random training control cell of the same cell type for every row, in counts."""
    return training.X[draw_controls(training, query, rng)].astype(np.float32)


def perturb_mean(training: Training, query: pd.DataFrame, rng: np.random.Generator) -> sparse.csr_matrix:
    """A random control cell plus the perturbation's mean effect in other contexts, on the linear scale.

    The sum is taken in comparison space and clamped at 0. Control rows are control cells.
    Source: PerturbMean of the published comparison.
    """
    cells = draw_controls(training, query, rng)

    def moved(cell_type: str, label: str, rows: ndarray) -> sparse.csr_matrix:
        log = training.log_normal(cells[rows]).toarray() + training.effect_elsewhere(cell_type, label)
        return sparse.csr_matrix(np.expm1(np.maximum(log, 0)).astype(np.float32))

    return by_combination(query, moved)


def by_combination(query: pd.DataFrame, made: Callable[[str, str, ndarray], sparse.csr_matrix]) -> sparse.csr_matrix:
    """What `made` gives for each cell type and perturbation and the rows that ask for it, in the order of the query."""
    found = groups(query["cell_type"], query["perturbation"])
    blocks = [made(cell_type, label, rows) for (cell_type, label), rows in found.items()]
    return sparse.csr_matrix(sparse.vstack(blocks))[np.argsort(np.concatenate(list(found.values())))]


def draw_controls(training: Training, query: pd.DataFrame, rng: np.random.Generator) -> ndarray:
    """A training row for every query row, drawn with replacement among the controls of its cell type.

    Where both training and query tell of batches, among those of its batch.

    With replacement, so that drawn cells are a sample of the controls however many are asked for. Without, as many
    rows as there are controls would be all of them: their mean would be that of the predicted controls, which are
    drawn from the same cells, the shift between the two exactly 0 and its correlation with the true one not defined.
    """
    chosen = np.empty(len(query), dtype=np.int64)
    for cell_type, rows in query.groupby("cell_type", sort=True, observed=True).indices.items():
        pool = training.controls(str(cell_type))
        if len(pool) < 2:
            raise UserError(
                f"training cells: 1 {training.control!r} cell of cell type {cell_type!r}, expected 2 or more: draws "
                "from one cell have no spread, and no shift between them is defined"
            )
        if training.batches is None or batches.COLUMN not in query:
            chosen[rows] = rng.choice(pool, size=len(rows))
            continue
        wanted = query[batches.COLUMN].to_numpy(dtype=str)[rows]
        for batch in np.unique(wanted):
            of_batch = training.in_batch(pool, batch)
            if not len(of_batch):
                raise UserError(
                    f"training cells: batch '{batch}' has no {training.control!r} cell of cell type {cell_type!r}, "
                    f"expected some: batches that have are {', '.join(sorted(set(training.batches[pool])))}"
                )
            chosen[rows[wanted == batch]] = rng.choice(of_batch, size=int((wanted == batch).sum()))
    return chosen


BASELINES: dict[str, Callable[[Training, pd.DataFrame, np.random.Generator], sparse.csr_matrix]] = {
    "control": control,
    "perturb-mean": perturb_mean,
}


def predict(
    baseline: str, train: ad.AnnData, query: pd.DataFrame, *, rescale_to: float | int, seed: int
) -> sparse.csr_matrix:
    """Predicted cells of a baseline on the linear scale [cell gene], a row for every row of `query`.

    The same controls that are drawn from also serve as the real controls of the evaluation: `control`
    therefore predicts cells that the real side holds too. Raises UserError for an unknown baseline.
    """
    if baseline not in BASELINES:
        raise UserError(f"baseline {baseline!r} is unknown, expected one of {', '.join(BASELINES)}")
    training = Training(train, rescale_to=rescale_to)
    return BASELINES[baseline](training, query, np.random.default_rng(seed))


def groups(*keys: Any) -> dict[tuple[Any, ...], ndarray]:
    """Rows of every combination of keys that occurs, in sorted order."""
    frame = pd.DataFrame({str(i): np.asarray(key) for i, key in enumerate(keys)})
    return cast(dict[tuple[Any, ...], ndarray], frame.groupby(list(frame), sort=True).indices)
