"""Which cell type a cell is of: a linear classifier of real cells, and those that judge a screen's predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from jaxtyping import Float, Int
from numpy import ndarray
from scipy import sparse

from expressionvae import npz
from expressionvae.catalogue.metric_card import TRAINING, WITH_TRUE
from expressionvae.evaluation.baselines import groups
from expressionvae.evaluation.comparison import comparison_space
from expressionvae.files import reading, require, written

VARIANTS = (TRAINING, WITH_TRUE)
HALVES = 2
_MOST_STEPS = 1000  # of the solver, which takes some tens


@dataclass(frozen=True)
class CellTypes:
    """A linear classifier of cells in comparison space.

    types: their names; weights, bias: a cell is of the type with the largest value of `cell @ weights.T + bias`.
    """

    types: ndarray
    weights: Float[ndarray, "type gene"]
    bias: Float[ndarray, "type"]

    @classmethod
    def fit(
        cls,
        X: sparse.csr_matrix,
        labels: Sequence[str] | ndarray,
        *,
        alike: ndarray | None = None,
        types: Sequence[str] | ndarray | None = None,
        inverse_penalty: float,
    ) -> "CellTypes":
        """Logistic regression with a quadratic penalty.

        Every type counts alike whatever its number of cells, and within a type every group of `alike`.

        X: cells in comparison space [cell gene]; labels: the type of each; alike: a group of each (None: all are one);
        types: those to be told apart (None: those of `labels`); one without a cell is never assigned. The same cells
        in the same order give the same classifier.
        """
        from sklearn.linear_model import LogisticRegression  # a second, which what reads a classifier need not wait

        labels = np.asarray(labels, dtype=str)
        names = np.unique(labels if types is None else np.asarray(types, dtype=str))
        weights, bias = np.zeros((len(names), int(X.shape[1]))), np.full(len(names), -np.inf)  # type: ignore[index]
        seen = np.isin(names, labels)
        bias[seen] = 0.0
        if seen.sum() > 1:
            model = LogisticRegression(C=inverse_penalty, max_iter=_MOST_STEPS)
            model.fit(X.astype(np.float64), labels, sample_weight=_shares(labels, alike))
            # Of two types there is one row of weights, for the second.
            two = len(model.classes_) == 2
            weights[seen] = np.vstack([np.zeros_like(model.coef_), model.coef_]) if two else model.coef_
            bias[seen] = np.append(0.0, model.intercept_) if two else model.intercept_
        return cls(names, weights, bias)

    def assigned(self, X: sparse.csr_matrix) -> ndarray:
        """The type of each of some cells in comparison space [cell gene]."""
        return self.types[np.argmax(np.asarray(X @ self.weights.T) + self.bias, axis=1)]


@dataclass(frozen=True)
class Fits:
    """Classifiers of one screen's cell types, fitted on several parts of its cells.

    types: of the training cells; genes; weights, bias: of each fit.
    """

    types: ndarray
    genes: ndarray
    weights: Float[ndarray, "*fit type gene"]
    bias: Float[ndarray, "*fit type"]

    @property
    def defined(self) -> bool:
        """Whether there are types to be told apart."""
        return len(self.types) > 1

    def classifier(self, *fit: int) -> CellTypes:
        return CellTypes(self.types, self.weights[fit], self.bias[fit])


@dataclass(frozen=True)
class Judges(Fits):
    """The classifiers that judge the true cells of a screen, and the predictions that answer them row for row.

    No true cell is judged by a classifier that was fitted on it: the true cells are cut into two halves, each with
    classifiers of its own, from which that half's controls are left out, though they are training cells.
    `training`: fitted on the controls among the training cells; a type that has none enters with all its cells.
    Perturbed ones are left out because a held-out combination leaves the wanted type without any: what the perturbation
    does would speak for the other types, and true cells be taken for those (of Kang's CD14+ monocytes 98 in 100).
    `with-true`: on all training cells and the other half's held-out cells, controls and others counting alike.

    There is a fit of each variant and half [variant half type gene]; half: of each true cell, 0 or 1.
    """

    half: Int[ndarray, "cell"]

    def assigned(self, X: sparse.csr_matrix, variant: str) -> ndarray:
        """The type of each cell of X [cell gene], in comparison space, a row for every true cell."""
        found = np.empty(len(self.half), dtype=self.types.dtype)
        for half in range(HALVES):
            rows = np.flatnonzero(self.half == half)
            found[rows] = self.classifier(VARIANTS.index(variant), half).assigned(X[rows])
        return found


def fit(
    train: AnnData, truth: AnnData, *, rescale_to: float | int, cells_per_type: int, inverse_penalty: float, seed: int
) -> Judges:
    """Fit the judges of a screen on at most `cells_per_type` random training cells of each type, and as many true ones.

    train, truth: counts, with obs cell_type and perturbation; controls of `truth` are cells of `train`, by their name.
    """
    training, wanted = (np.asarray(cells.obs["cell_type"], dtype=str) for cells in (train, truth))
    types = np.unique(training)
    is_control = np.asarray(truth.obs["perturbation"], dtype=str) == str(truth.uns["screen"]["control"])
    rng = np.random.default_rng(seed)
    half = halves(wanted, np.asarray(truth.obs["perturbation"], dtype=str), rng)
    weights, bias = np.zeros((2, HALVES, len(types), train.n_vars)), np.zeros((2, HALVES, len(types)))
    calm = np.asarray(train.obs["perturbation"], dtype=str) == str(truth.uns["screen"]["control"])
    basis = fitted_on(training, calm)
    for part in range(HALVES) if len(types) > 1 else ():
        judged = train.obs_names.isin(truth.obs_names[is_control & (half == part)])
        new = np.flatnonzero(~is_control & (half != part) & np.isin(wanted, types))
        for at, (chosen, true) in enumerate(((basis, new[:0]), (np.full_like(basis, True), new))):
            rows = at_most(np.flatnonzero(chosen & ~judged), training, calm, cells_per_type, rng)
            true = at_most(true, wanted, is_control, cells_per_type, rng)
            X = sparse.csr_matrix(sparse.vstack([train.X[rows], truth.X[true]]))  # type: ignore[index]
            one = CellTypes.fit(
                comparison_space(X, rescale_to=rescale_to),
                np.concatenate([training[rows], wanted[true]]),
                alike=np.concatenate([calm[rows], is_control[true]]),
                types=types,
                inverse_penalty=inverse_penalty,
            )
            weights[at, part], bias[at, part] = one.weights, one.bias
    return Judges(types, np.asarray(truth.var_names, dtype=str), weights, bias, half)


def fitted_on(cell_types: ndarray, is_control: ndarray) -> ndarray:
    """Which cells tell of their cell type: the controls, and all cells of a type that has none."""
    return is_control | ~np.isin(cell_types, cell_types[is_control])


def _shares(labels: ndarray, alike: ndarray | None) -> Float[ndarray, "cell"]:
    """What each cell counts, 1 on average: every type alike, and in it every group."""
    groups = np.zeros(len(labels), dtype=int) if alike is None else alike
    frame = pd.DataFrame({"type": labels, "group": groups})
    cells = frame.groupby(["type", "group"])["type"].transform("size").to_numpy()
    in_type = frame.groupby("type")["group"].transform("nunique").to_numpy()
    return len(labels) / frame["type"].nunique() / in_type / cells


def halves(cell_types: ndarray, perturbations: ndarray, rng: np.random.Generator) -> Int[ndarray, "cell"]:
    """0 or 1 for each cell: random halves of every combination, the first with the odd cell."""
    half = np.empty(len(cell_types), dtype=np.int8)
    for rows in groups(cell_types, perturbations).values():
        half[rng.permutation(rows)] = np.arange(len(rows)) % HALVES
    return half


def at_most(rows: ndarray, cell_types: ndarray, is_control: ndarray, number: int, rng: np.random.Generator) -> ndarray:
    """Of some rows at most a number of controls and of others of each cell type, drawn without replacement; sorted."""
    shuffled = rng.permutation(rows)
    frame = pd.DataFrame({"type": cell_types[shuffled], "control": is_control[shuffled]})
    return np.sort(shuffled[(frame.groupby(["type", "control"]).cumcount() < number).to_numpy()])


def save(fits: Fits, path: str | Path) -> None:
    """Write all arrays of some classifiers."""
    with written(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **vars(fits))


def stored(path: str | Path, *others: str, fits: tuple[int, ...], genes: Sequence[str] | ndarray) -> list[ndarray]:
    """The arrays that `save` wrote, those of `Fits` and others by name; to be called within `files.reading`.

    fits: how many of each kind there must be; genes: of the screen.
    """
    names = [field.name for field in dataclass_fields(Fits)]
    types, known, weights, bias, *more = npz.arrays(path, *names, *others)
    shape = (*fits, len(types))
    require(bias.shape == shape, f"its bias has the shape {bias.shape}, expected {shape}")
    require(weights.shape == (*shape, len(known)), f"its weights have the shape {weights.shape}")
    require(np.isfinite(weights).all() and not np.isnan(bias).any(), "it holds numbers that are none")
    require(known.tolist() == list(genes), "it is about other genes")
    return [types, known, weights, bias, *more]


def read(path: str | Path, *, truth: AnnData) -> Judges:
    """Read what `save` wrote. Raises UserError if it is damaged, or is not of these true cells and their genes."""
    with reading(path, "the classifiers of cell types"):
        genes = truth.var_names.tolist()
        types, known, weights, bias, half = stored(path, "half", fits=(len(VARIANTS), HALVES), genes=genes)
        require(half.shape == (truth.n_obs,), f"it is about {len(half)} cells, expected {truth.n_obs}")
        require(np.isin(half, range(HALVES)).all(), "a cell is in no half")
    return Judges(types, known, weights, bias, half)
