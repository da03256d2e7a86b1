"""The true cells that predictions are compared with, and the query that predictions answer row for row."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData, concat
from numpy import ndarray
from scipy import sparse

from expressionvae.data import prepared, screen, sealed
from expressionvae.evaluation.baselines import groups
from expressionvae.files import UserError, written


def choose(train: AnnData, heldout: AnnData, *, cells_per_perturbation: int, controls: int, seed: int) -> AnnData:
    """Return true cells of each held-out cell type: each held-out perturbation's and training controls, both capped.

    All perturbed cells come first, cell types and perturbations in alphabetical order, cells in their order in the
    file; drawn without replacement by one generator.

    Raises: UserError where nothing is held out.
    """
    about = heldout.uns["screen"]
    if not len(about["heldout_cell_types"]):
        raise UserError(
            f"datasets.{about['name']}.heldout is null: everything is trained on, so there are no true cells to score "
            "predictions with; hold something out, or ask for `predict`"
        )
    generator = np.random.default_rng(seed)
    parts = [
        _at_most(rows, cells_per_perturbation, generator)
        for rows in _groups(heldout).values()  # by cell type, then by perturbation
    ]
    of_train = _groups(train)
    control = [
        _at_most(of_train[name, about["control"]], controls, generator) for name in sorted(about["heldout_cell_types"])
    ]
    truth = concat([heldout[np.concatenate(parts)], train[np.concatenate(control)]], join="inner")
    for label in ("cell_type", "perturbation"):
        truth.obs[label] = pd.Categorical(truth.obs[label].astype(str))
    truth.uns["screen"] = about
    return truth


def _groups(cells: AnnData) -> dict[tuple[str, str], ndarray]:
    """Rows of each cell type and perturbation that occur together, in sorted order."""
    return groups(*(cells.obs[name].astype(str) for name in prepared.LABELS))


def query(truth: AnnData) -> pd.DataFrame:
    """Return one row per true cell: what to predict, and `true_library`, its sum over the panel's genes.

    Only the variant labelled "true-library" may read the last column: it tells a model something about the
    very cell it predicts.
    """
    return pd.DataFrame(
        {
            "cell": truth.obs_names,
            "cell_type": truth.obs["cell_type"].astype(str).to_numpy(),
            "perturbation": truth.obs["perturbation"].astype(str).to_numpy(),
            "true_library": np.asarray(screen.counts(truth).sum(axis=1)).ravel(),
        }
    )


def save(truth: AnnData, truth_path: str | Path, query_path: str | Path) -> None:
    """Write the true cells (h5ad) and the query (csv)."""
    sealed.write(truth_path, truth, compression="gzip", compression_opts=1)
    with written(query_path) as temporary:
        query(truth).to_csv(temporary, index=False)


def _at_most(rows: ndarray, number: int, generator: np.random.Generator) -> ndarray:
    if len(rows) <= number:
        return rows
    return np.sort(generator.choice(rows, size=number, replace=False))


def read_truth(path: str | Path) -> AnnData:
    """Read the cells that predictions are compared with.

    Raises UserError when the control's label is not told, when there are no controls or no perturbed cells,
    when a gene name occurs twice, or when a value is NaN, infinite or negative.
    """
    truth = sealed.read(path, "the true cells of a screen", obs=prepared.LABELS)
    control = truth.uns.get("screen", {}).get("control")
    if control is None:
        raise UserError(f'{path}: uns["screen"]["control"] is missing, expected the label of the control')
    controls = int((truth.obs["perturbation"] == control).sum())
    if controls == 0 or controls == truth.n_obs:
        raise UserError(f"{path}: {controls} of {truth.n_obs} cells are {control!r}, expected controls and others")
    if not truth.var_names.is_unique:
        raise UserError(f"{path}: gene {truth.var_names[truth.var_names.duplicated()][0]!r} occurs twice")
    require_linear(truth.X, path)
    return truth


def require_linear(X: Any, path: str | Path) -> None:
    """Refuse what is no expression on the linear scale: a value that is missing, infinite or negative."""
    values = X.data if sparse.issparse(X) else np.asarray(X)
    if not np.isfinite(values).all():
        raise UserError(
            f"{path}: X holds {np.count_nonzero(~np.isfinite(values))} NaN or infinite values, expected none"
        )
    if values.size and values.min() < 0:
        raise UserError(f"{path}: X holds the negative value {values.min():g}, expected a linear scale >= 0")
