"""The one door to scoring: predicted cells on the linear scale."""

from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from expressionvae.data import sealed
from expressionvae.files import UserError


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

    Raises:
        UserError: if the model predicts what is no number (a training that diverged).
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
    assert (X.data >= 0).all() and X.shape == (len(query), len(genes))
    labels = query[["cell_type", "perturbation"]].astype("category").set_index(query["cell"].astype(str))
    labels.index.name = None
    cells = ad.AnnData(X, labels, pd.DataFrame(index=genes))
    cells.uns.update(space="linear", provenance=provenance)
    sealed.write(path, cells, compression="gzip")
