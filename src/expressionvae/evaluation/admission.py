"""The way in for cells that a baseline predicted: held to the contract, brought to the linear scale."""

from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from expressionvae.evaluation import predictions
from expressionvae.files import UserError, reading, require

_WHAT = "the cells that baselines/README.md asks for"
_REMEDY = "mend its predict.py and delete this file, and the same command predicts again"


def admit(
    source: str | Path,
    output: str | Path,
    query: pd.DataFrame,
    genes: list[str],
    *,
    baseline: str,
    space: str,
    provenance: dict[str, Any],
) -> None:
    """Check the file that predict.py wrote, and write its cells as all predictions are written.

    Args:
        query: columns cell, cell_type, perturbation; a row a wanted cell.
        genes: of the training cells, in their order.
        space: that its about.yaml declares: counts, linear or log1p.

    Raises:
        UserError: naming the baseline and the first part of the file that is wrong; nothing is written then.
    """
    try:
        with reading(source, _WHAT, _REMEDY):
            linear = _linear(ad.read_h5ad(source), query, genes, space)
        predictions.write(output, linear, query, genes, provenance)
    except UserError as error:
        raise UserError(f"baseline {baseline}: {error}") from None


def _linear(cells: ad.AnnData, query: pd.DataFrame, genes: list[str], space: str) -> sparse.csr_matrix:
    """The values on the linear scale [cell, gene]. Raises ValueError (see `files.reading`) at the first breach."""
    _require_space(cells.uns, space)
    require(cells.n_obs == len(query), f"{cells.n_obs} rows, expected {len(query)}, one for each of the query")
    _require_same("var_names", cells.var_names, genes)
    for column in ("cell_type", "perturbation"):
        require(column in cells.obs, f"obs has no column {column!r}")
        _require_same(f"obs[{column!r}]", cells.obs[column], query[column])
    X: Any = cells.X
    require(sparse.issparse(X) or isinstance(X, np.ndarray), "X is no matrix in memory, dense or CSR")
    values: Any = X.data if sparse.issparse(X) else X
    require(values.dtype.kind in "iuf", f"X holds {values.dtype}, expected float32")
    wrong = int(np.count_nonzero(~np.isfinite(values)))
    require(wrong == 0, f"X holds {wrong} NaN or infinite values")
    require(not values.size or values.min() >= 0, "X holds a negative value")
    X = sparse.csr_matrix(X, dtype=np.float64)
    with np.errstate(over="ignore"):  # an infinite value is refused where all predictions are written
        return X.expm1() if space == "log1p" else X


def _require_space(uns: Any, space: str) -> None:
    declared = uns.get("space")
    require(declared == space, f"uns['space'] is {declared!r}, expected {space!r} as about.yaml has it")
    if space == "counts":
        require("target_sum" not in uns, "uns['target_sum'] is only of the spaces linear and log1p")
        return
    total = uns.get("target_sum")
    number = isinstance(total, int | float | np.number) and np.isfinite(total) and total > 0
    require(number, f"uns['target_sum'] is {total!r}, expected what cells were normalised to")


def _require_same(part: str, found: Any, expected: Any) -> None:
    require(len(found) == len(expected), f"{part}: {len(found)}, expected {len(expected)}")
    wrong = predictions.difference(found, expected)
    require(not wrong, f"{part}: number {wrong}")
