"""What baselines are given, in the files of baselines/README.md, and what none can be asked."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy import ndarray

from expressionvae.data import screen
from expressionvae.data.screen_labels import Labels
from expressionvae.evaluation.baselines import Training, draw_controls
from expressionvae.files import UserError, written
from expressionvae.foreign import left_out_instead


def require_seen(labels: Labels, *, dataset: str, baselines: Sequence[str]) -> None:
    """Refuse held-out perturbations that no training cell has, for baselines that know no other (names of rows).

    Raises:
        UserError: naming the dataset, those perturbations, and the rows to leave out.
    """
    if labels.unseen:
        few, more = labels.unseen[:5], len(labels.unseen) - 5
        raise UserError(
            f"dataset {dataset}: no training cell has the held-out perturbation{'s' * (len(labels.unseen) > 1)} "
            f"{', '.join(map(repr, few))}{f' and {more} more' * (more > 0)}; {left_out_instead(baselines, dataset)}"
        )


def training(train: AnnData) -> AnnData:
    """The training cells as the contract has them, made from those that `prepare` wrote."""
    control = str(train.uns["screen"]["control"])
    obs = _labels(screen.table(train), screen.table(train)["library_size"])
    obs["is_control"] = (obs["perturbation"] == control).to_numpy()
    obs.index = train.obs_names
    return AnnData(screen.counts(train), obs, pd.DataFrame(index=train.var_names), uns={"control": control})


def query(train: AnnData, wanted: pd.DataFrame, *, seed: int) -> AnnData:
    """One row a wanted cell: the counts of a training control of its cell type, and the label that it shall get.

    Args:
        train: the training cells that `prepare` wrote.
        wanted: columns cell_type, perturbation; no other is looked at, since they tell of the true cells.
        seed: of the draw, which is that of `baselines.perturb_mean` with the same seed.

    Raises:
        UserError: if a cell type has fewer than two controls.
    """
    # Controls are drawn as they are: no scale matters.
    rows = draw_controls(Training(train, rescale_to=1), wanted, np.random.default_rng(seed))
    obs = _labels(wanted, screen.table(train)["library_size"].iloc[rows])
    return AnnData(screen.counts(train)[rows], obs, pd.DataFrame(index=train.var_names))


def _labels(cells: pd.DataFrame, library: pd.Series) -> pd.DataFrame:
    columns = {name: pd.Categorical(cells[name].astype(str).to_numpy()) for name in ("perturbation", "cell_type")}
    obs = pd.DataFrame(columns | {"library": library.to_numpy(dtype=np.float64)})
    obs.index = obs.index.astype(str)
    return obs


def save_vectors(path: str | Path, labels: list[str], embedding: ndarray, *, control: str) -> None:
    """Write `labels` and `vectors` [label, dimension], float32: the embedding, or where that has no width one-hot.

    The control's vector is 0 either way.
    """
    known = np.array(labels, dtype=str)
    others = known != control
    vectors = embedding.astype(np.float32)
    if not vectors.shape[1]:
        vectors = np.eye(len(known), dtype=np.float32)[:, others]
    vectors[~others] = 0
    with written(path) as temporary:
        np.savez(temporary, labels=known, vectors=vectors)
