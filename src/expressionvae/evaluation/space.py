"""The door through which every model's and baseline's cells come to be scored."""

from dataclasses import dataclass, replace
from pathlib import Path

import anndata as ad
import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import sparse

from expressionvae.data import sealed
from expressionvae.evaluation.comparison import comparison_space
from expressionvae.evaluation.predictions import require_counts
from expressionvae.files import UserError, reading

__all__ = ["Cells", "check", "compared", "comparison_space", "mean_cell", "mean_cells", "read_predicted", "read_truth"]


@dataclass(frozen=True)
class Cells:
    """Cells in comparison space.

    X: float32 CSR [cell, gene]; labels: perturbation of each cell; genes: names; control: the control's
    label.
    """

    X: sparse.csr_matrix
    labels: ndarray
    genes: ndarray
    control: str

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

    def of(self, rows: ndarray) -> "Cells":
        """The cells of some rows."""
        return replace(self, X=self.X[rows], labels=self.labels[rows])

    def with_controls_of(self, other: "Cells") -> "Cells":
        """The same perturbed cells beside the controls of `other`."""
        mine, theirs = np.flatnonzero(~self.is_control), np.flatnonzero(other.is_control)
        X = sparse.csr_matrix(sparse.vstack([self.X[mine], other.X[theirs]]))
        return replace(self, X=X, labels=np.concatenate([self.labels[mine], other.labels[theirs]]))

    def anndata(self) -> ad.AnnData:
        """A fresh AnnData with obs column `perturbation`, for libraries (some write into what they get)."""
        import pandas as pd

        obs = pd.DataFrame({"perturbation": pd.Categorical(self.labels)}, index=np.arange(len(self.labels)).astype(str))
        return ad.AnnData(self.X.copy(), obs=obs, var=pd.DataFrame(index=self.genes))


def mean_cell(X: sparse.csr_matrix) -> Float[ndarray, "gene"]:
    """Mean log1p value of some cells [cell, gene], summed in float64."""
    return np.asarray(X.astype(np.float64).mean(axis=0)).ravel()


def mean_cells(cells: Cells) -> Float[ndarray, "perturbation gene"]:
    """Mean log1p value of each perturbation's cells, perturbations sorted."""
    names, group = np.unique(cells.labels, return_inverse=True)
    member = sparse.csr_matrix((np.ones(len(group)), (group, np.arange(len(group)))))
    sums = sparse.csr_matrix(member @ cells.X.astype(np.float64)).toarray()
    return (sums / np.bincount(group)[:, None])[names != cells.control]


def check(adata: ad.AnnData, *, truth: ad.AnnData, path: str | Path) -> None:
    """Refuse predicted cells that are not one non-negative linear-scale row per row of `truth`, in its order.

    Raises UserError naming `path` and the first thing that is wrong: declared space, number of rows, genes or
    their order, labels, values that are missing, infinite or negative, or a perturbation of nothing but zeros.
    """
    space = adata.uns.get("space")
    if space != "linear":
        raise UserError(f'{path}: uns["space"] is {space!r}, expected "linear"')
    if adata.n_obs != truth.n_obs:
        raise UserError(f"{path}: {adata.n_obs} cells, expected {truth.n_obs} (one for each row of the truth)")
    _same(path, "gene", adata.var_names, truth.var_names)
    for column in ("cell_type", "perturbation"):
        if column not in adata.obs:
            raise UserError(f'{path}: obs has no column "{column}"')
        _same(path, f"obs {column} of row", adata.obs[column], truth.obs[column])
    _check_values(adata.X, path)
    require_counts(path, adata.X, np.asarray(truth.obs["perturbation"], dtype=str))


def _same(path: str | Path, what: str, found, expected) -> None:
    found, expected = np.asarray(found, dtype=str), np.asarray(expected, dtype=str)
    if len(found) != len(expected):
        raise UserError(f"{path}: {len(found)} {what}s, expected {len(expected)}")
    wrong = np.flatnonzero(found != expected)
    if len(wrong):
        i = wrong[0]
        raise UserError(f"{path}: {what} {i} is {str(found[i])!r}, expected {str(expected[i])!r} ({len(wrong)} differ)")


def _check_values(X, path: str | Path) -> None:
    values = X.data if sparse.issparse(X) else np.asarray(X)
    if not np.isfinite(values).all():
        raise UserError(
            f"{path}: X holds {np.count_nonzero(~np.isfinite(values))} NaN or infinite values, expected none"
        )
    if values.size and values.min() < 0:
        raise UserError(f"{path}: X holds the negative value {values.min():g}, expected a linear scale >= 0")


def read_truth(path: str | Path) -> ad.AnnData:
    """Read the cells that predictions are compared with.

    Raises UserError when the control's label is not told, when there are no controls or no perturbed cells,
    when a gene name occurs twice, or when a value is NaN, infinite or negative.
    """
    truth = sealed.read(path, "the true cells of a screen", obs=("cell_type", "perturbation"))
    control = truth.uns.get("screen", {}).get("control")
    if control is None:
        raise UserError(f'{path}: uns["screen"]["control"] is missing, expected the label of the control')
    controls = int((truth.obs["perturbation"] == control).sum())
    if controls == 0 or controls == truth.n_obs:
        raise UserError(f"{path}: {controls} of {truth.n_obs} cells are {control!r}, expected controls and others")
    if not truth.var_names.is_unique:
        raise UserError(f"{path}: gene {truth.var_names[truth.var_names.duplicated()][0]!r} occurs twice")
    _check_values(truth.X, path)
    return truth


def read_predicted(path: str | Path, *, truth: ad.AnnData) -> ad.AnnData:
    """Read predicted cells and `check` them against the truth."""
    with reading(path, "predicted cells"):
        adata = ad.read_h5ad(path)
    check(adata, truth=truth, path=path)
    return adata


def compared(adata: ad.AnnData, *, truth: ad.AnnData, rescale_to: float | int) -> Cells:
    """Bring checked cells (true or predicted) to comparison space."""
    return Cells(
        X=comparison_space(adata.X, rescale_to=rescale_to),  # type: ignore[arg-type]
        labels=np.asarray(truth.obs["perturbation"], dtype=str),
        genes=np.asarray(truth.var_names, dtype=str),
        control=str(truth.uns["screen"]["control"]),
    )
