"""The one door to scoring: predicted cells on the linear scale."""

from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from expressionvae.files import UserError, written


def write(
    path: str | Path, values: np.ndarray, query: pd.DataFrame, genes: list[str], provenance: dict[str, Any]
) -> None:
    """Write one predicted cell for every row of the query as h5ad.

    Args:
        values: expression on the linear scale [cell gene], never negative.
        query: columns cell, cell_type, perturbation.

    Raises:
        UserError: if the model predicts what is no number (a training that diverged).
    """
    if not np.isfinite(values).all():
        cell, gene = np.argwhere(~np.isfinite(values))[0]
        raise UserError(f"{path}: predicted value {values[cell, gene]} of gene {genes[gene]!r}: the training diverged")
    assert (values >= 0).all() and values.shape == (len(query), len(genes))
    labels = query[["cell_type", "perturbation"]].astype("category").set_index(query["cell"].astype(str))
    labels.index.name = None
    cells = ad.AnnData(sparse.csr_matrix(values.astype(np.float32)), labels, pd.DataFrame(index=genes))
    cells.uns.update(space="linear", provenance=provenance)
    with written(path) as temporary:
        cells.write_h5ad(temporary, compression="gzip")
