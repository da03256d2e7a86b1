"""The true cells that predictions are compared with, and the query that predictions answer row for row."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData, concat
from numpy import ndarray
from scipy import sparse

from expressionvae.data import batches, prepared, screen, sealed
from expressionvae.evaluation.baselines import groups
from expressionvae.files import UserError, written


def choose(train: AnnData, heldout: AnnData, *, cells_per_perturbation: int, controls: int, seed: int) -> AnnData:
    """Return true cells of each held-out cell type: each held-out perturbation's and training controls, both capped.

    Where the screen has batches, the controls of a cell type have their shares among its perturbed cells.

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
    of_train, batch = _groups(train), (batches.of(heldout), batches.of(train))
    control = [
        _controls(of_train[name, about["control"]], np.concatenate(rows), *batch, controls, generator)
        for name, rows in _by_cell_type(heldout, parts).items()
    ]
    truth = concat([heldout[np.concatenate(parts)], train[np.concatenate(control)]], join="inner")
    for label in (*prepared.LABELS, *([batches.COLUMN] if batches.COLUMN in truth.obs else [])):
        truth.obs[label] = pd.Categorical(truth.obs[label].astype(str))
    truth.uns["screen"] = about
    return truth


def _by_cell_type(heldout: AnnData, parts: list[ndarray]) -> dict[str, list[ndarray]]:
    """Chosen rows of each perturbation by the cell type that they are of."""
    found: dict[str, list[ndarray]] = {name: [] for name in sorted(heldout.uns["screen"]["heldout_cell_types"])}
    for rows in parts:
        found[str(heldout.obs["cell_type"].iloc[rows[0]])].append(rows)
    return found


def _controls(
    rows: ndarray,
    perturbed: ndarray,
    heldout: ndarray | None,
    train: ndarray | None,
    number: int,
    generator: np.random.Generator,
) -> ndarray:
    """At most a number of some control rows; with batches in the shares of the perturbed ones.

    heldout, train: the batch of each cell there.
    """
    if heldout is None or train is None:
        return _at_most(rows, number, generator)
    sizes = batches.matched(heldout[perturbed], train[rows], most=number)
    chosen = [_at_most(rows[train[rows] == name], size, generator) for name, size in sizes.items()]
    return np.sort(np.concatenate(chosen))


def _groups(cells: AnnData) -> dict[tuple[str, str], ndarray]:
    """Rows of each cell type and perturbation that occur together, in sorted order."""
    return groups(*(cells.obs[name].astype(str) for name in prepared.LABELS))


def query(truth: AnnData) -> pd.DataFrame:
    """Return one row per true cell: what to predict, and `true_library`, its sum over the panel's genes.

    Only the variant labelled "true-library" may read the last column: it tells a model something about the
    very cell it predicts. `batch`, where the truth has it: the batches of a combination's cells in alphabetical order,
    so that their sizes are told, and not which cell is of which.
    """
    rows = pd.DataFrame(
        {
            "cell": truth.obs_names,
            "cell_type": truth.obs["cell_type"].astype(str).to_numpy(),
            "perturbation": truth.obs["perturbation"].astype(str).to_numpy(),
            "true_library": np.asarray(screen.counts(truth).sum(axis=1)).ravel(),
        }
    )
    if (batch := batches.asked(truth)) is not None:
        rows[batches.COLUMN] = batch
    return rows


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
