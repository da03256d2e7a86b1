"""Draws of training controls, and PerturbMean: a control cell moved by the mean effect of other contexts."""

from collections.abc import Callable, Collection
from functools import cached_property
from typing import Any, cast

import anndata as ad
import numpy as np
import pandas as pd
from numpy import ndarray
from scipy import sparse

from expressionvae.data import batches, screen
from expressionvae.evaluation.comparison import comparison_space
from expressionvae.files import UserError


class Effects:
    """Effects of perturbations in comparison space, from the means [gene] of training cells by cell type and label."""

    def __init__(self, means: dict[tuple[str, str], ndarray], control: str):
        self._means, self.control = means, control

    @property
    def pairs(self) -> Collection[tuple[str, str]]:
        """Every cell type and perturbation that training holds together."""
        return self._means.keys()

    @cached_property
    def contexts(self) -> list[str]:
        """Cell types that have controls."""
        return sorted(cell_type for cell_type, label in self.pairs if label == self.control)

    def mean(self, cell_type: str, label: str) -> ndarray:
        """Mean [gene], float64."""
        return self._means[cell_type, label]

    def effect(self, cell_type: str, label: str) -> ndarray:
        """Mean of the perturbed cells minus mean of the controls, [gene]."""
        return self.mean(cell_type, label) - self.mean(cell_type, self.control)

    def effect_elsewhere(self, cell_type: str, label: str) -> ndarray:
        """The effect of `label` on `cell_type`, guessed from the other contexts [gene].

        The mean over training contexts that saw the perturbation, each counting once. Where none did: the
        mean effect of all perturbations that training holds of `cell_type` itself; where it holds none:
        UserError.
        """
        if label == self.control:
            return self.effect(cell_type, label)
        seen = [c for c in self.contexts if c != cell_type and (c, label) in self.pairs]
        if seen:
            return np.mean([self.effect(c, label) for c in seen], axis=0)
        return self._mean_effect(cell_type, label)

    def _mean_effect(self, cell_type: str, label: str) -> ndarray:
        others = [p for c, p in self.pairs if c == cell_type and p != self.control]
        if not others:
            raise UserError(
                f"training cells: perturbation {label!r} is in no cell type but {cell_type!r} (with batch_column:"
                " beside controls of its batch), which has no other training perturbation to average; baseline"
                " perturb-mean is not defined"
            )
        return np.mean([self.effect(cell_type, p) for p in others], axis=0)


class Training(Effects):
    """Training cells by cell type and perturbation; a mean is taken when it is first asked for.

    batches: of each cell; None: nothing tells. Where they are told, an effect is one on the controls of its own batch:
    the mean over the batches that have controls of the cell type, each counting by its perturbed cells. The mean of a
    combination is that effect beside the mean of all controls; combinations without such a batch are none of `pairs`.
    """

    def __init__(self, train: ad.AnnData, *, rescale_to: float | int):
        super().__init__({}, str(train.uns["screen"]["control"]))
        self.X, self.rescale_to = sparse.csr_matrix(train.X), rescale_to
        self.rows = groups(*(train.obs[c].astype(str) for c in ("cell_type", "perturbation")))
        self.batches = batches.of(train)
        compared = self.rows.keys() if self.batches is None else batches.comparable(screen.table(train), self.control)
        self._pairs = [pair for pair in self.rows if pair in compared or pair[1] == self.control]

    @property
    def pairs(self) -> Collection[tuple[str, str]]:
        return self._pairs

    def composition(self, cell_type: str, number: int) -> list[str] | None:
        """The batches of so many cells in the shares of a cell type's controls, sorted; None: there are no batches."""
        return None if self.batches is None else batches.apportioned(self.batches[self.controls(cell_type)], number)

    def in_batch(self, rows: ndarray, batch: str) -> ndarray:
        """Those of some rows that are of a batch."""
        assert self.batches is not None
        return rows[self.batches[rows] == batch]

    def _within(self, cell_type: str, label: str) -> dict[str, int]:
        """Numbers of a combination's cells by batch, of the batches that have controls of the cell type."""
        assert self.batches is not None
        perturbed, calm = (self.batches[self.rows[cell_type, one]] for one in (label, self.control))
        names, sizes = np.unique(perturbed[np.isin(perturbed, calm)], return_counts=True)
        return dict(zip(names.tolist(), sizes.tolist(), strict=True))

    def controls(self, cell_type: str) -> ndarray:
        """Rows of the control cells of a cell type; UserError when there are none."""
        if cell_type not in self.contexts:
            raise UserError(f"training cells: no {self.control!r} cell of cell type {cell_type!r}, expected some")
        return self.rows[cell_type, self.control]

    def log_normal(self, rows: ndarray) -> sparse.csr_matrix:
        return comparison_space(self.X[rows], rescale_to=self.rescale_to)

    def mean(self, cell_type: str, label: str) -> ndarray:
        key = (cell_type, label)
        if key not in self._means and (self.batches is None or label == self.control):
            self._means[key] = self._mean(self.rows[key])
        elif key not in self._means:
            within = self._within(cell_type, label)
            perturbed, calm = (
                np.stack([self._mean(self.in_batch(self.rows[cell_type, one], batch)) for batch in within])
                for one in (label, self.control)
            )
            effect = np.average(perturbed - calm, axis=0, weights=list(within.values()))
            self._means[key] = self.mean(cell_type, self.control) + effect
        return self._means[key]

    def _mean(self, rows: ndarray) -> ndarray:
        return np.asarray(self.log_normal(rows).astype(np.float64).mean(axis=0)).ravel()


def perturb_mean(training: Training, query: pd.DataFrame, rng: np.random.Generator) -> sparse.csr_matrix:
    """A random training control of the cell type for every row of the query, `moved` on the linear scale."""
    controls = training.X[draw_controls(training, query, rng)]
    return moved(controls, query, training, rescale_to=training.rescale_to)


def moved(
    controls: sparse.csr_matrix, query: pd.DataFrame, effects: Effects, *, rescale_to: float | int
) -> sparse.csr_matrix:
    """Control cells plus the mean effect in other contexts of the perturbation that each shall get, [cell gene].

    The sum is taken in comparison space and clamped at 0; what is returned is on the linear scale.
    Source: PerturbMean of the published comparison.

    Args:
        controls: counts, a control cell of the wanted cell type for every row of the query.
        query: columns cell_type and perturbation.
    """
    log = comparison_space(controls, rescale_to=rescale_to)

    def made(cell_type: str, label: str, rows: ndarray) -> sparse.csr_matrix:
        there = log[rows].toarray() + effects.effect_elsewhere(cell_type, label)
        return sparse.csr_matrix(np.expm1(np.maximum(there, 0)).astype(np.float32))

    return by_combination(query, made)


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


def groups(*keys: Any) -> dict[tuple[Any, ...], ndarray]:
    """Rows of every combination of keys that occurs, in sorted order."""
    frame = pd.DataFrame({str(i): np.asarray(key) for i, key in enumerate(keys)})
    return cast(dict[tuple[Any, ...], ndarray], frame.groupby(list(frame), sort=True).indices)
