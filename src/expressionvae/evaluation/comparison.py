"""The space in which cells are compared: log1p of the linear scale, every cell rescaled to the same total."""

from dataclasses import dataclass, replace

import anndata as ad
import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy import ndarray
from scipy import sparse

from expressionvae.data import batches
from expressionvae.files import UserError


def comparison_space(X: sparse.spmatrix | sparse.sparray | ndarray, *, rescale_to: float | int) -> sparse.csr_matrix:
    """Clamp linear-scale cells at 0, rescale each to `rescale_to` over the panel, take log1p.

    X is [cell, gene], counts or expm1 of log values. Returns float32 CSR [cell, gene] with sorted indices and
    no explicit zeros; a cell of zeros stays zero. True and predicted cells take this same way. Raises UserError for
    a value that is NaN or infinite: it would be lost in some scores and make nonsense of the ranks of others.
    Source: the authors' public evaluation.
    """
    linear = sparse.csr_matrix(X, dtype=np.float64, copy=True)
    if wrong := np.count_nonzero(~np.isfinite(linear.data)):
        raise UserError(f"cells to be compared hold {wrong} NaN or infinite values, expected none")
    linear.sum_duplicates()
    np.maximum(linear.data, 0.0, out=linear.data)
    total = np.asarray(linear.sum(axis=1)).ravel()
    scale = np.divide(rescale_to, total, out=np.zeros_like(total), where=total > 0)
    linear.data *= np.repeat(scale, np.diff(linear.indptr))
    log = sparse.csr_matrix(
        (np.log1p(linear.data).astype(np.float32), linear.indices, linear.indptr), shape=linear.shape
    )
    log.eliminate_zeros()
    return log


@dataclass(frozen=True)
class Compared:
    """Cells in comparison space.

    X: float32 CSR [cell, gene]; labels: perturbation of each cell; genes: names; control: the control's
    label; cell_types: of each cell, None where all are of one; batches: of each cell, None where nothing tells; of
    predicted cells those that the query asks for.
    """

    X: sparse.csr_matrix
    labels: ndarray
    genes: ndarray
    control: str
    cell_types: ndarray | None = None
    batches: ndarray | None = None

    @property
    def is_control(self) -> ndarray:
        return self.labels == self.control

    @property
    def perturbed(self) -> sparse.csr_matrix:
        """The cells of all held-out perturbations pooled, controls excluded."""
        return self.X[np.flatnonzero(~self.is_control)]

    @property
    def control_cells(self) -> sparse.csr_matrix:
        return self.X[np.flatnonzero(self.is_control)]

    @property
    def perturbations(self) -> list[str]:
        return sorted(set(self.labels) - {self.control})

    def of(self, rows: ndarray) -> "Compared":
        """The cells of some rows."""
        types = None if self.cell_types is None else self.cell_types[rows]
        batch = None if self.batches is None else self.batches[rows]
        return replace(self, X=self.X[rows], labels=self.labels[rows], cell_types=types, batches=batch)

    def by_cell_type(self) -> "dict[str, Compared]":
        """The cells of each cell type, sorted: an effect is one on the controls of its own type."""
        if self.cell_types is None:
            return {"": self}
        return {
            str(name): replace(self.of(np.flatnonzero(self.cell_types == name)), cell_types=None)
            for name in np.unique(self.cell_types)
        }

    def with_controls_of(self, other: "Compared") -> "Compared":
        """The same perturbed cells beside the controls of `other`."""
        mine, theirs = np.flatnonzero(~self.is_control), np.flatnonzero(other.is_control)
        X = sparse.csr_matrix(sparse.vstack([self.X[mine], other.X[theirs]]))
        assert self.cell_types is None, "controls are those of one cell type"
        batch = None
        if self.batches is not None and other.batches is not None:
            batch = np.concatenate([self.batches[mine], other.batches[theirs]])
        labels = np.concatenate([self.labels[mine], other.labels[theirs]])
        return replace(self, X=X, labels=labels, batches=batch)

    def anndata(self) -> ad.AnnData:
        """A fresh AnnData with obs column `perturbation`, for libraries (some write into what they get)."""
        obs = pd.DataFrame({"perturbation": pd.Categorical(self.labels)}, index=np.arange(len(self.labels)).astype(str))
        return ad.AnnData(self.X.copy(), obs=obs, var=pd.DataFrame(index=self.genes))


def mean_cell(X: sparse.csr_matrix) -> Float[ndarray, "gene"]:
    """Mean log1p value of some cells [cell, gene], summed in float64."""
    return np.asarray(X.astype(np.float64).mean(axis=0)).ravel()


def mean_cells(cells: Compared) -> Float[ndarray, "perturbation gene"]:
    """Mean log1p value of each perturbation's cells, perturbations sorted."""
    names, group = np.unique(cells.labels, return_inverse=True)
    member = sparse.csr_matrix((np.ones(len(group)), (group, np.arange(len(group)))))
    sums = sparse.csr_matrix(member @ cells.X.astype(np.float64)).toarray()
    return (sums / np.bincount(group)[:, None])[names != cells.control]


def compared(adata: ad.AnnData, *, truth: ad.AnnData, rescale_to: float | int) -> Compared:
    """Bring checked cells (true or predicted) to comparison space."""
    types = np.asarray(truth.obs["cell_type"], dtype=str)
    return Compared(
        X=comparison_space(adata.X, rescale_to=rescale_to),  # type: ignore[arg-type]
        labels=np.asarray(truth.obs["perturbation"], dtype=str),
        genes=np.asarray(truth.var_names, dtype=str),
        control=str(truth.uns["screen"]["control"]),
        cell_types=types if len(np.unique(types)) > 1 else None,
        batches=batches.of(truth) if adata is truth else batches.asked(truth),
    )
