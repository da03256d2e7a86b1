"""The true cells that predictions are compared with, and the query that predictions answer row for row."""

from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData, concat
from numpy import ndarray

from expressionvae.data import screen, writing
from expressionvae.files import UserError, written


def choose(train: AnnData, heldout: AnnData, *, cells_per_perturbation: int, controls: int, seed: int) -> AnnData:
    """Return true cells: each held-out perturbation's, capped, then training controls of that cell type.

    Perturbations in alphabetical order, cells in their order in the file, drawn without replacement by one
    generator.
    """
    about = heldout.uns["screen"]
    generator = np.random.default_rng(seed)
    perturbation = heldout.obs["perturbation"].astype(str).to_numpy()
    parts = [
        _at_most(np.flatnonzero(perturbation == label), cells_per_perturbation, generator)
        for label in np.unique(perturbation)
    ]
    is_control = (train.obs["perturbation"] == about["control"]) & (
        train.obs["cell_type"] == about["heldout_cell_type"]
    )
    control = _at_most(np.flatnonzero(is_control.to_numpy()), controls, generator)
    truth = concat([heldout[np.concatenate(parts)], train[control]], join="inner")
    for label in ("cell_type", "perturbation"):
        truth.obs[label] = pd.Categorical(truth.obs[label].astype(str))
    truth.uns["screen"] = about
    return truth


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
    writing.write(truth_path, truth, compression="gzip", compression_opts=1)
    with written(query_path) as temporary:
        query(truth).to_csv(temporary, index=False)


def _at_most(rows: ndarray, number: int, generator: np.random.Generator) -> ndarray:
    if len(rows) <= number:
        return rows
    return np.sort(generator.choice(rows, size=number, replace=False))


def read_query(path: str | Path) -> pd.DataFrame:
    """Read query.csv, labels as text ("NA" is a label too); UserError when a column is missing."""
    columns = ["cell", "cell_type", "perturbation"]
    query = pd.read_csv(path, dtype=dict.fromkeys(columns, str), keep_default_na=False)
    missing = [c for c in columns if c not in query]
    if missing:
        raise UserError(f"{path}: column {missing[0]!r} is missing, expected {', '.join(columns)}")
    return query
