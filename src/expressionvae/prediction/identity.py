"""Whether predicted cells are of the wanted cell type, by classifiers of the screen's own control cells."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy import ndarray
from scipy import sparse

from expressionvae.catalogue.heads import ANCHORED, HEADS
from expressionvae.evaluation.cell_types import HALVES, CellTypes, Fits, at_most, fitted_on, halves, stored
from expressionvae.evaluation.comparison import comparison_space
from expressionvae.files import reading, require, written
from expressionvae.prediction import cells as predicted
from expressionvae.prediction.cells import Asked, Way
from expressionvae.prediction.decoder import Cells
from expressionvae.prediction.trained import Trained
from expressionvae.stored import table

# Of what a share is told: the predicted cells; what the model's own controls are before they are anchored; and real
# controls of the wanted type, encoded and decoded, which no prior has touched.
PERTURBED, CONTROLS, OWN_CONTROLS, RECONSTRUCTED = "perturbed", "controls", "own controls", "reconstructed"
KINDS = (PERTURBED, CONTROLS, OWN_CONTROLS, RECONSTRUCTED)
COLUMNS = ["training", "draw", "cells", "share"]


@dataclass(frozen=True)
class OfControls(Fits):
    """Classifiers that are each fitted on one half of a screen's controls (see `cell_types.fitted_on`).

    own: of the controls of each type, each judged by the classifier that has not seen it, the share that is called of
    it; NaN where there are none.
    """

    own: Float[ndarray, "type"]

    def share(self, X: sparse.csr_matrix, cell_type: str) -> float:
        """The share of some cells in comparison space [cell gene] that is called of a type, by the mean of the halves.

        An anchored cell or one of PerturbMean starts from a real control, which one of the two has seen.
        """
        if not self.defined:
            return np.nan
        return float(np.mean([np.mean(self.classifier(half).assigned(X) == cell_type) for half in range(HALVES)]))

    def real(self, cell_type: str) -> float:
        """The share of the real controls of a type: what predicted cells can reach. NaN where nothing is told apart."""
        return float(self.own[self.types == cell_type][0]) if self.defined else np.nan


def fit(
    train: ad.AnnData, *, rescale_to: float | int, cells_per_type: int, inverse_penalty: float, seed: int
) -> OfControls:
    """Fit classifiers of a screen on at most `cells_per_type` random controls of each type, cut into halves.

    train: counts, with obs cell_type and perturbation.
    """
    types = np.asarray(train.obs["cell_type"], dtype=str)
    calm = np.asarray(train.obs["perturbation"], dtype=str) == str(train.uns["screen"]["control"])
    rng = np.random.default_rng(seed)
    rows = at_most(np.flatnonzero(fitted_on(types, calm)), types, calm, cells_per_type, rng)
    X = comparison_space(train.X[rows], rescale_to=rescale_to)  # type: ignore[index]
    labels, is_control = types[rows], calm[rows]
    half = halves(labels, is_control.astype(str), rng)
    names = np.unique(types)
    weights, bias = np.zeros((HALVES, len(names), train.n_vars)), np.zeros((HALVES, len(names)))
    right = np.zeros(len(rows), dtype=bool)
    for part in range(HALVES) if len(names) > 1 else ():
        seen = half == part
        one = CellTypes.fit(X[seen], labels[seen], types=names, inverse_penalty=inverse_penalty)
        weights[part], bias[part] = one.weights, one.bias
        right[~seen] = one.assigned(X[~seen]) == labels[~seen]
    own = pd.Series(right[is_control]).groupby(labels[is_control]).mean().reindex(names).to_numpy(dtype=float)
    return OfControls(names, np.asarray(train.var_names, dtype=str), weights, bias, own)


def read(path: str | Path, *, genes: Sequence[str]) -> OfControls:
    """Read what `cell_types.save` wrote. Raises UserError if it is damaged, or about other genes than the screen's."""
    with reading(path, "the classifiers of a screen's cell types"):
        types, known, weights, bias, own = stored(path, "own", fits=(HALVES,), genes=genes)
        require(own.shape == types.shape, "its own shares are of other types")
    return OfControls(types, known, weights, bias, own)


def of_model(
    trained: Trained, judges: OfControls, asked: Asked, way: Way, *, rescale_to: float | int, seed: int
) -> tuple[Cells, dict[str, float]]:
    """Predicted cells of a model for a pair (`cells.predict`), and by what they are the share of the wanted type."""
    values = predicted.sampled(trained, asked, way, seed=seed)
    found = predicted.decoded(trained, values, asked.query, way, seed=seed)
    shares = of_cells(found, judges, asked, rescale_to=rescale_to)
    own, plain = shares[CONTROLS], way
    if way.rule == ANCHORED:
        plain = replace(way, rule=HEADS[trained.head].base(ANCHORED), controls=None)
        before = predicted.decoded(trained, values, asked.query, plain, seed=seed)
        own = of_cells(before, judges, asked, rescale_to=rescale_to)[CONTROLS]
    real = _latents_of_controls(trained, asked, np.random.default_rng(seed))
    query = asked.query.iloc[asked.cells :][: len(real)].reset_index(drop=True)
    X = comparison_space(predicted.decoded(trained, real, query, plain, seed=seed), rescale_to=rescale_to)
    return found, shares | {OWN_CONTROLS: own, RECONSTRUCTED: judges.share(X, asked.cell_type)}


def _latents_of_controls(trained: Trained, asked: Asked, rng: np.random.Generator) -> ndarray:
    """Latents of at most as many real controls of the wanted type as are asked for, drawn without replacement."""
    latents = trained.latents
    is_type = latents.cell_type == latents.cell_types.index(asked.cell_type)
    rows = np.flatnonzero(is_type & (latents.perturbation == latents.perturbations.index(latents.control)))
    return latents.values[np.sort(rng.permutation(rows)[: asked.cells])]


def of_cells(cells: Cells, judges: OfControls, asked: Asked, *, rescale_to: float | int) -> dict[str, float]:
    """The share of the wanted type among predicted perturbed cells and predicted controls [2 x cells, gene]."""
    X = comparison_space(cells, rescale_to=rescale_to)
    parts = {PERTURBED: X[: asked.cells], CONTROLS: X[asked.cells :]}
    return {name: judges.share(part, asked.cell_type) for name, part in parts.items()}


def rows(found: Iterable[tuple[str, int, dict[str, float]]]) -> pd.DataFrame:
    """One row a training, draw and kind of cells, of the shares of each training and draw: `COLUMNS`."""
    told = [(training, draw, what, share) for training, draw, shares in found for what, share in shares.items()]
    return pd.DataFrame(told, columns=COLUMNS)


def write(found: pd.DataFrame, path: str | Path) -> None:
    with written(path) as temporary:
        found.to_csv(temporary, index=False)


def means(path: str | Path) -> dict[str, float]:
    """The mean share over trainings and draws of each kind of cells, of what `write` wrote. Raises UserError."""
    with reading(path, "the cell types of predicted cells"):
        found = table(path, texts=["training", "cells"], numbers=["draw", "share"])
        require({PERTURBED, CONTROLS} <= set(found["cells"]), "it lacks the predicted cells or the predicted controls")
    return {str(what): float(share) for what, share in found.groupby("cells")["share"].mean().items()}
