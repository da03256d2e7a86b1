"""Which prediction of a pair to trust, in sentences: by what leave-one-context-out measured, and what is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    """What leave-one-context-out measured of one predictor in one context: the perturbation was held out there."""

    predictor: str
    cell_type: str
    identity: float
    pearson_delta: float
    fd: float


@dataclass(frozen=True)
class Share:
    """Share of cells that a classifier of real cells calls the wanted type: perturbed, predicted controls."""

    perturbed: float
    controls: float


def warnings(known: Known, identity: Mapping[str, Share], real: float | None) -> list[str]:
    """What a reader has to know before anything else, the gravest first."""
    said = []
    for name, share in identity.items():
        if real is not None and name != MEAN and share.controls < KEPT * real:
            said.append(
                f"{name} loses the cell type: {share.controls:.0%} of its predicted controls are called "
                f"{known.cell_type}, of real controls {real:.0%}. What it predicts is of another cell type."
            )
        elif real is not None and name != MEAN and share.perturbed < KEPT * real:
            said.append(
                f"{name}: {share.perturbed:.0%} of its perturbed cells are called {known.cell_type}, of real controls "
                f"{real:.0%}. Read its cells with care, and its differences rather than its levels."
            )
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


def verdict(known: Known, models: Sequence[str], tested: Sequence[Tested], agreement: Mapping[str, float]) -> str:
    """Which of model and PerturbMean to trust, in a sentence or two.

    agreement: correlation of each model's fold changes with PerturbMean's.
    """
    if known.perturb_mean == UNDEFINED:
        return (
            "Only a model predicts this pair, and nothing here has tested it: take its genes as candidates to measure."
        )
    scored = {name: [one for one in tested if one.predictor == name] for name in (MEAN, *models)}
    if not scored[MEAN] or not any(scored[name] for name in models):
        said = "; ".join(f"{name} agrees with it by r = {agreement[name]:.2f}" for name in models if name in agreement)
        return (
            "Trust PerturbMean: it is what a model must beat, and no leave-one-context-out result tells whether one "
            f"does here. Fold changes: {said}."
        )
    best = max((name for name in models if scored[name]), key=lambda name: _mean(scored[name], "pearson_delta"))
    model, mean = scored[best], scored[MEAN]
    numbers = (
        f"P-Δ {_mean(model, 'pearson_delta'):.2f} against {_mean(mean, 'pearson_delta'):.2f}, "
        f"FD {_mean(model, 'fd'):.0f} against {_mean(mean, 'fd'):.0f}, "
        f"identity {_mean(model, 'identity'):.2f} against {_mean(mean, 'identity'):.2f} "
        f"(means over {len({one.cell_type for one in model})} left-out cell types)"
    )
    effects = _mean(model, "pearson_delta") > _mean(mean, "pearson_delta")
    cells = _mean(model, "fd") < _mean(mean, "fd")
    right = _mean(model, "identity") >= KEPT * _mean(mean, "identity")
    if effects and cells and right:
        return f"Trust {best}: it did better than PerturbMean where it could be tested: {numbers}."
    if effects and right:
        return f"Trust {best} for which genes change and PerturbMean for whole cells: {numbers}."
    if effects:
        return f"Trust PerturbMean: {best} has the better effects, but its cells are of another type: {numbers}."
    return f"Trust PerturbMean: {best} did no better on effects where it could be tested: {numbers}."


def _mean(tested: Sequence[Tested], what: str) -> float:
    values = [getattr(one, what) for one in tested]
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")
