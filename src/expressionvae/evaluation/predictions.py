"""The one door to scoring, for every model's and baseline's cells: predicted cells on the linear scale."""

import logging
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from expressionvae.data import sealed
from expressionvae.evaluation.truth import require_linear
from expressionvae.files import UserError, reading

log = logging.getLogger(__name__)


def write(
    path: str | Path,
    values: np.ndarray | sparse.csr_matrix,
    query: pd.DataFrame,
    genes: list[str],
    provenance: dict[str, Any],
) -> None:
    """Write one predicted cell for every row of the query as h5ad.

    Args:
        values: expression on the linear scale [cell gene], never negative.
        query: columns cell, cell_type, perturbation.
        provenance: stored beside the cells; `head` and `predict` of a model of ours are named where it predicts less
            than 0.

    Raises:
        UserError: if the model predicts what is no number (a training that diverged), or nothing but zeros for all
            cells of a perturbation or all controls.
    """
    head = f"head {provenance['head']!r} by the rule {provenance['predict']!r}" if "head" in provenance else "the model"
    X = sound(path, values, query["perturbation"].to_numpy(dtype=str), genes, model=head)
    labels = query[["cell_type", "perturbation"]].astype("category").set_index(query["cell"].astype(str))
    labels.index.name = None
    cells = ad.AnnData(X, labels, pd.DataFrame(index=genes))
    cells.uns.update(space="linear", provenance=provenance)
    sealed.write(path, cells, compression="gzip")


def sound(
    path: str | Path,
    values: np.ndarray | sparse.csr_matrix,
    labels: np.ndarray,
    genes: list[str],
    model: str = "the model",
) -> sparse.csr_matrix:
    """Predicted values [cell gene] as CSR of float32 without explicit zeros.

    Args:
        path: that messages name.
        labels: perturbation of each cell.
        model: what messages call that which predicts.

    Raises:
        UserError: as `write`.
    """
    X = sparse.csr_matrix(values, dtype=np.float32)
    X.eliminate_zeros()
    X.sort_indices()
    if not np.isfinite(X.data).all():
        where = int(np.flatnonzero(~np.isfinite(X.data))[0])
        cell, gene = int(np.searchsorted(X.indptr, where, side="right")) - 1, genes[X.indices[where]]
        raise UserError(
            f"{path}: predicted value {X.data[where]} of gene {gene!r} in cell {cell}: the training diverged"
        )
    assert X.shape == (len(labels), len(genes)), f"{path}: {X.shape} values of {len(labels)} cells, {len(genes)} genes"
    if (X.data < 0).any():
        where = int(X.data.argmin())
        gene = genes[X.indices[where]]
        raise AssertionError(
            f"{path}: {model} predicts {np.count_nonzero(X.data < 0)} negative values, "
            f"the smallest {X.data[where]:g} of gene {gene!r}; expression on the linear scale is never negative"
        )
    require_counts(path, X, labels)
    return X


def require_counts(path: str | Path, X: Any, labels: np.ndarray) -> None:
    """Require that no perturbation, and not the control, is predicted as nothing but zeros.

    X: predicted cells [cell gene], none negative; labels: their perturbations.

    No true cell is: those without a count are left out of a screen, for no rescaling is defined for them. Single ones
    may be drawn where libraries are small; they are counted in a warning.

    Raises: UserError naming file, perturbation and number of cells.
    """
    empty = np.asarray(sparse.csr_matrix(X).sum(axis=1)).ravel() == 0
    if not empty.any():
        return
    cells = pd.DataFrame({"perturbation": labels, "empty": empty}).groupby("perturbation")["empty"].agg(["sum", "size"])
    if len(whole := cells[cells["sum"] == cells["size"]]):
        named = ", ".join(f"'{label}' ({row['size']} cells)" for label, row in whole.iloc[:12].iterrows())
        more = f" and {len(whole) - 12} more" if len(whole) > 12 else ""
        raise UserError(f"{path}: nothing but zeros is predicted for {named}{more}, which cannot be scored")
    most = cells["sum"].idxmax()
    log.warning(
        f"{path}: {int(empty.sum())} of {len(empty)} predicted cells are nothing but zeros (of '{most}' "
        f"{cells['sum'][most]} of {cells['size'][most]}); they stay zeros in comparison space",
    )


def read_predicted(path: str | Path, *, truth: ad.AnnData) -> ad.AnnData:
    """Read predicted cells and `check` them against the truth."""
    with reading(path, "predicted cells"):
        adata = ad.read_h5ad(path)
    check(adata, truth=truth, path=path)
    return adata


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
    require_linear(adata.X, path)
    require_counts(path, adata.X, np.asarray(truth.obs["perturbation"], dtype=str))


def _same(path: str | Path, what: str, found: Any, expected: Any) -> None:
    if len(found) != len(expected):
        raise UserError(f"{path}: {len(found)} {what}s, expected {len(expected)}")
    if wrong := difference(found, expected):
        raise UserError(f"{path}: {what} {wrong}")


def difference(found: Any, expected: Any) -> str:
    """Where two equally long lists of labels differ first, as the end of a message; nothing where they do not."""
    found, expected = np.asarray(found, dtype=str), np.asarray(expected, dtype=str)
    wrong = np.flatnonzero(found != expected)
    if not len(wrong):
        return ""
    here = wrong[0]
    return f"{here} is {str(found[here])!r}, expected {str(expected[here])!r} ({len(wrong)} differ)"
