"""The true cells that predictions are compared with, and the query that predictions answer row for row."""

from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData, concat
from numpy import ndarray

from expressionvae.data import screen, sealed
from expressionvae.files import reading, require, written
from expressionvae.stored import table

NEEDED = {"obs": ("cell_type", "perturbation"), "about": ("control", "heldout_cell_type")}  # of its two sources


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
    sealed.write(truth_path, truth, compression="gzip", compression_opts=1)
    with written(query_path) as temporary:
        query(truth).to_csv(temporary, index=False)


def _at_most(rows: ndarray, number: int, generator: np.random.Generator) -> ndarray:
    if len(rows) <= number:
        return rows
    return np.sort(generator.choice(rows, size=number, replace=False))


def read_query(path: str | Path) -> pd.DataFrame:
    """Read query.csv, labels as text ("NA" is a label too).

    Raises:
        UserError: if it is not what `save` wrote.
    """
    with reading(path, "the query: which cells to predict"):
        query = table(path, texts=["cell", "cell_type", "perturbation"], numbers=["true_library"])
        require(len(query) > 0, "it asks for no cell")
        require(query["cell"].is_unique, "it asks for a cell twice")
        require((query[["cell_type", "perturbation"]] != "").to_numpy().all(), "a label is missing")
        require((query["true_library"] > 0).all(), "a true_library is not above 0")
    return query
