"""Predicted cells of one pair of a cell type and a perturbation, with predicted controls of the type, as one file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from expressionvae.catalogue.heads import ANCHORED, HEADS
from expressionvae.data import sealed
from expressionvae.evaluation import predictions
from expressionvae.evaluation.baselines import Training, perturb_mean
from expressionvae.evaluation.comparison import comparison_space
from expressionvae.files import UserError, require
from expressionvae.prediction.decoder import Cells, Decoder
from expressionvae.prediction.trained import Trained
from expressionvae.training import stage2

REPLICATE = ("training", "draw")  # columns of obs: which training predicted a cell, and with which sampling seed
LOG = "log1p"  # the layer in which cells of all heads, and real ones, can be compared
_ANCHORED = "counts of real control cells, moved, at each one's library size; not whole"
_REAL = "linear values of real control cells, each rescaled to a total of {rescale_to:g}, then moved"
_WHAT = "predicted cells of a pair"


@dataclass(frozen=True)
class Asked:
    """A pair: so many cells of a type under a perturbation, and as many controls."""

    cell_type: str
    perturbation: str
    cells: int
    control: str
    batches: tuple[str, ...] | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any], training: Training) -> "Asked":
        """From what is known of a pair (`prediction.asked.row`); batches: in the shares of the type's controls."""
        kind, number = row["cell_type"], int(row["cells"])
        batches = training.composition(kind, number)
        return cls(kind, row["perturbation"], number, training.control, None if batches is None else tuple(batches))

    @property
    def query(self) -> pd.DataFrame:
        """A row for each cell to predict, the perturbed ones first. No true cell tells its library size."""
        labels = [self.perturbation] * self.cells + [self.control] * self.cells
        rows = pd.DataFrame({"cell_type": self.cell_type, "perturbation": labels, "true_library": np.nan})
        return rows if self.batches is None else rows.assign(batch=[*self.batches, *self.batches])


@dataclass(frozen=True)
class Part:
    """The cells [2 x cells, gene] of one training and sampling seed, on the linear scale."""

    training: str
    draw: int
    cells: Cells


@dataclass(frozen=True)
class Way:
    """How a model predicts.

    Attributes:
        rule: by which its head predicts.
        draws: of the rule mean-of-draws.
        sampling: the prior's sampling options.
        controls: training cells, for the rule anchored.
    """

    rule: str
    draws: int
    sampling: Mapping[str, int]
    batch_size: int
    controls: Training | None


def predict(trained: Trained, asked: Asked, way: Way, *, seed: int) -> Cells:
    """Cells of a model for the query of a pair, on the linear scale [cell gene]."""
    return decoded(trained, sampled(trained, asked, way, seed=seed), asked.query, way, seed=seed)


def sampled(trained: Trained, asked: Asked, way: Way, *, seed: int) -> np.ndarray:
    """Latents of a model's prior, one cell's for every row of the query of a pair."""
    labels = {name: asked.query[name].tolist() for name in ("cell_type", "perturbation")}
    how: dict[str, Any] = {"options": dict(way.sampling), "seed": seed, "batch_size": way.batch_size}
    return stage2.sample(trained.prior, trained.blueprint, labels, **how)


def decoded(trained: Trained, values: np.ndarray, query: pd.DataFrame, way: Way, *, seed: int) -> Cells:
    """The cells of some latents, a row for every row of the query, on the linear scale [cell gene]."""
    decoder = Decoder(trained.vae, trained.latents, trained.head, way.rule, way.draws, way.batch_size, way.controls)
    return decoder.decode(values, query, seed=seed)[0]


def perturb_mean_cells(training: Training, asked: Asked, *, seed: int) -> sparse.csr_matrix:
    """Cells of PerturbMean for the query of a pair, on the linear scale [cell gene]."""
    return perturb_mean(training, asked.query, np.random.default_rng(seed))


def scale_of(head: str, rule: str) -> str:
    """What the X of a model's predicted cells is, in words."""
    return _ANCHORED if rule == ANCHORED else HEADS[head].scale


def scale_of_perturb_mean(rescale_to: float | int) -> str:
    return _REAL.format(rescale_to=rescale_to)


def assembled(
    parts: Sequence[Part],
    asked: Asked,
    genes: list[str],
    *,
    scale: str,
    rescale_to: float | int,
    about: Mapping[str, Any],
    path: str | Path = "predicted cells",
) -> ad.AnnData:
    """The cells of all parts as one AnnData.

    X is what the predictor gives, as uns["X"] says; the layer log1p holds the same cells in comparison space, each
    rescaled to `rescale_to` first: there cells of all heads, and real ones, have one scale.

    Raises:
        UserError: naming `path`, if values are no numbers, or nothing but zeros.
    """
    query = asked.query
    labels = query["perturbation"].to_numpy(dtype=str)
    blocks = [predictions.sound(path, part.cells, labels, genes) for part in parts]
    obs = pd.concat(
        [query[["cell_type", "perturbation"]].assign(training=part.training, draw=part.draw) for part in parts]
    )
    obs.index = [f"{part.training}-{part.draw}-{cell}" for part in parts for cell in range(len(query))]
    obs = obs.astype({"cell_type": "category", "perturbation": "category", "training": "category"})
    X = sparse.csr_matrix(sparse.vstack(blocks), dtype=np.float32)
    cells = ad.AnnData(X, obs, pd.DataFrame(index=genes))
    cells.layers[LOG] = comparison_space(X, rescale_to=rescale_to)
    sums = np.asarray(X.sum(axis=1)).ravel()
    cells.uns.update(
        space="linear",
        X=scale,
        median_sum=float(np.median(sums[labels_of(cells) == asked.perturbation])),
        layers={LOG: f"log1p of X with each cell rescaled to a total of {rescale_to:g}"},
        control=asked.control,
        **about,
    )
    return cells


def labels_of(cells: ad.AnnData) -> np.ndarray:
    return cells.obs["perturbation"].to_numpy(dtype=str)


def write(path: str | Path, cells: ad.AnnData) -> None:
    sealed.write(path, cells, compression="gzip")


def read(path: str | Path) -> ad.AnnData:
    """Read what `write` wrote. Raises UserError when it did not."""
    cells = sealed.read(path, _WHAT, obs=("cell_type", "perturbation", *REPLICATE))
    try:
        require(LOG in cells.layers and "control" in cells.uns, f"it has no layer {LOG!r}, or names no control")
    except ValueError as error:
        raise UserError(f"{path}: not {_WHAT}: {error}") from None
    return cells
