"""What decides which prediction of a pair to trust, and what its reader has to know first."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from expressionvae.catalogue.baselines import PERTURB_MEAN as MEAN
from expressionvae.pairs import HERE, UNDEFINED

KEPT = 0.8  # share of the wanted type, of the real cells' own, from which on predicted cells are of that type


@dataclass(frozen=True)
class Known:
    """What is known of a pair (see `asked.describe`)."""

    cell_type: str
    perturbation: str
    controls: int
    contexts: int
    measured: int
    seen: int
    perturb_mean: str


@dataclass(frozen=True)
class Tested:
    """What leave-one-context-out measured of one predictor in one context: the perturbation was held out there.

    errors: standard errors by metric, NaN where there is one replicate; replicates: how many are behind each mean.
    """

    predictor: str
    cell_type: str
    identity: float
    pearson_delta: float
    fd: float
    errors: Mapping[str, float] = field(default_factory=dict)
    replicates: int = 1


@dataclass(frozen=True)
class Share:
    """Shares of cells that a classifier of real cells calls the wanted type.

    perturbed, controls: of the predicted cells; own_controls: of the model's controls before they are anchored;
    reconstructed: of real controls that the model has encoded and decoded. NaN where there is no model.
    """

    perturbed: float
    controls: float
    own_controls: float = math.nan
    reconstructed: float = math.nan


@dataclass(frozen=True)
class Identity:
    """Of which cell type predicted cells are: the shares of each predictor by the name that pages write, and `real`,
    that of the type's real controls, by classifiers that have not seen them. Of a screen of one type: nothing."""

    shares: Mapping[str, Share] = field(default_factory=dict)
    real: float = math.nan

    def loses(self, name: str) -> bool:
        """Whether a model's own controls, or real ones that it has rebuilt, are of another type."""
        share = self.shares.get(name)
        return share is not None and any(self._under(each) for each in (share.own_controls, share.reconstructed))

    def keeps(self, name: str) -> bool:
        """Whether the predicted perturbed cells are of the wanted type; true where nothing tells."""
        return name not in self.shares or not self._under(self.shares[name].perturbed)

    def right(self, name: str) -> bool:
        """Whether a model keeps the cell type throughout."""
        return self.keeps(name) and not self.loses(name)

    def _under(self, share: float) -> bool:
        return share < KEPT * self.real  # of NaN: false

    def said(self, names: Iterable[str], cell_type: str) -> str:
        """The shares of some predictors' perturbed cells as a sentence; nothing where nothing tells."""
        known = [f"{called(name)} {self.shares[name].perturbed:.0%}" for name in names if name in self.shares]
        if not known or math.isnan(self.real):
            return ""
        return f" Predicted here, cells called {cell_type}: {', '.join(known)} (real controls {self.real:.0%})."


def called(name: str) -> str:
    """How a predictor is called: PerturbMean, or the decisions of a model."""
    return "PerturbMean" if name == MEAN else name.replace("/", " ")


def warnings(known: Known, identity: Identity) -> list[str]:
    """What a reader has to know before anything else, the gravest first."""
    return [*_of_types(known.cell_type, identity), *_of_pair(known)]


def _of_types(cell_type: str, identity: Identity) -> list[str]:
    lost, changed = [], []
    for name, share in identity.shares.items():
        if identity.loses(name):
            lost.append(
                f"{called(name)} loses the cell type: of real controls that it has encoded and decoded "
                f"{share.reconstructed:.0%} are called {cell_type}, of its own controls {share.own_controls:.0%}, of "
                f"its perturbed cells {share.perturbed:.0%}, of real controls {identity.real:.0%}. What it predicts, "
                "shifts included, is of another cell type."
            )
        elif not identity.keeps(name):
            changed.append(
                f"{called(name)}: {share.perturbed:.0%} of its perturbed cells are called {cell_type}, of real "
                f"controls {identity.real:.0%}. Read its cells with care, and its differences rather than its levels."
            )
    return lost + changed


def _of_pair(known: Known) -> list[str]:
    said = []
    if not known.seen:
        said.append(
            f"No training cell has {known.perturbation}: the model knows it by the vector of its proteins alone."
            + (" PerturbMean cannot tell it from other perturbations." if known.perturb_mean == HERE else "")
        )
    elif not known.contexts and not known.measured:
        said.append(f"{known.perturbation} is seen in no other cell type that has controls.")
    elif known.contexts == 1:
        said.append(f"{known.perturbation} is seen in one other cell type: nothing shows how it differs between types.")
    if known.measured:
        said.append(
            f"This pair is measured: {known.measured} training cells are of it. What follows is predicted, not theirs."
        )
    if known.controls < 30:
        said.append(f"Only {known.controls} control cells of {known.cell_type} are there to start from.")
    if known.perturb_mean == UNDEFINED:
        said.append("PerturbMean is not defined: there is no other perturbation or cell type to average.")
    return said


def mean(tested: Sequence[Tested], what: str) -> float:
    """Mean of what was measured over the contexts that define it; NaN of none."""
    values = [getattr(one, what) for one in tested]
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")
