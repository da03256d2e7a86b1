"""Which prediction of a pair to trust: decided by what leave-one-context-out measured and what is known, then said."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from expressionvae.pairs import UNDEFINED
from expressionvae.paper.noise import limit
from expressionvae.prediction.trust import KEPT, MEAN, Identity, Known, Tested, mean

CONTEXTS = 2  # left-out cell types, at least, in each of which a model has to be ahead


class Choice(Enum):
    """Who is trusted, and why."""

    LOST = auto()  # nobody: only a model predicts the pair, and it loses the cell type
    ALONE = auto()  # a model, untested: nothing else predicts the pair
    UNSEEN = auto()  # nobody for what sets the perturbation apart: no training cell has it
    UNTESTED = auto()  # PerturbMean, for want of a test
    NO_BETTER = auto()  # PerturbMean, from here on: no model has the better effects
    LOSES_TYPE = auto()
    OTHER_TYPE = auto()
    NOISE = auto()  # a model has the better effects, by no more than noise, or in too few cell types
    EFFECTS = auto()  # a model for effects, PerturbMean for whole cells
    MODEL = auto()  # a model


@dataclass(frozen=True)
class Decision:
    """A choice, and the model that was compared with PerturbMean, where one was."""

    choice: Choice
    model: str = ""


def decide(known: Known, models: Sequence[str], tested: Sequence[Tested], identity: Identity) -> Decision:
    """Compare the model of the best effects with PerturbMean.

    A model is trusted where it was ahead beyond noise (`noise.limit`, shared among the models it was chosen from) in
    every cell type that was left out, two or more, and where it keeps the cell type there and here.
    """
    if known.perturb_mean == UNDEFINED:
        return Decision(Choice.ALONE if any(map(identity.right, models)) else Choice.LOST)
    if not known.seen:
        return Decision(Choice.UNSEEN)
    scored = {name: [one for one in tested if one.predictor == name] for name in (MEAN, *models)}
    able = [name for name in models if scored[name]]
    if not scored[MEAN] or not able:
        return Decision(Choice.UNTESTED)
    best = max(able, key=lambda name: (identity.right(name), mean(scored[name], "pearson_delta")))
    model, average = scored[best], scored[MEAN]
    if not mean(model, "pearson_delta") > mean(average, "pearson_delta"):
        choice = Choice.NO_BETTER
    elif identity.loses(best):
        choice = Choice.LOSES_TYPE
    elif not identity.keeps(best) or mean(model, "identity") < KEPT * mean(average, "identity"):
        choice = Choice.OTHER_TYPE
    elif not _ahead(model, average, "pearson_delta", 1, len(able)):
        choice = Choice.NOISE
    else:
        choice = Choice.MODEL if _ahead(model, average, "fd", -1, len(able)) else Choice.EFFECTS
    return Decision(choice, best)


def _ahead(model: Sequence[Tested], average: Sequence[Tested], metric: str, sign: int, shared: int) -> bool:
    """Whether a model is ahead by more than noise in each of enough left-out cell types."""
    there = {one.cell_type: one for one in average}
    pairs = [(one, there[one.cell_type]) for one in model if one.cell_type in there]
    return len(pairs) >= CONTEXTS and all(_beyond_noise(*pair, metric, sign, shared) for pair in pairs)


def _beyond_noise(model: Tested, average: Tested, metric: str, sign: int, shared: int) -> bool:
    """False where the model has one replicate, whose noise nobody knows; PerturbMean may have none."""
    if not model.errors.get(metric, math.nan) > 0:  # of NaN: not
        return False
    known = [one for one in (model, average) if one.errors.get(metric, math.nan) > 0]
    error = math.hypot(*(one.errors[metric] for one in known))
    freedom = sum(one.replicates - 1 for one in known)
    return sign * (getattr(model, metric) - getattr(average, metric)) > limit(freedom, shared) * error


def verdict(
    known: Known, models: Sequence[str], tested: Sequence[Tested], agreement: Mapping[str, float], identity: Identity
) -> str:
    """The decision in a sentence or two.

    agreement: correlation of each model's fold changes with PerturbMean's.
    """
    decision, kind = decide(known, models, tested, identity), known.cell_type
    alike = "; ".join(f"{name} agrees with it by r = {agreement[name]:.2f}" for name in models if name in agreement)
    beside = f"{alike and f' Fold changes: {alike}.'}{identity.said((MEAN, *models), kind)}"
    match decision.choice:
        case Choice.LOST:
            return f"Trust none: only a model predicts this pair, and it loses the type.{identity.said(models, kind)}"
        case Choice.ALONE:
            return (
                "Only a model predicts this pair, and nothing here has tested it: take its genes as candidates to "
                f"measure.{identity.said(models, kind)}"
            )
        case Choice.UNSEEN:
            return (
                f"Trust none for what sets {known.perturbation} apart: no training cell has it, and "
                f"leave-one-context-out tests those that some have. PerturbMean is what the others do in {kind} on "
                f"average; where a model differs from it, take its genes as candidates to measure.{beside}"
            )
        case Choice.UNTESTED:
            return (
                "Trust PerturbMean: it is what a model must beat, and no leave-one-context-out result tells whether "
                f"one does here.{beside}"
            )
    told = _COMPARED[decision.choice].format(model=decision.model)
    return f"{told}: {_numbers(decision.model, tested)}.{identity.said((decision.model, MEAN), kind)}"


_COMPARED = {
    Choice.NO_BETTER: "Trust PerturbMean: {model} did no better on effects where it could be tested",
    Choice.LOSES_TYPE: "Trust PerturbMean: {model} did better on effects elsewhere, but loses this cell type",
    Choice.OTHER_TYPE: "Trust PerturbMean: {model} has the better effects, but its cells are of another type",
    Choice.NOISE: (
        "Trust PerturbMean: {model} did better on effects, but not beyond noise in each of two or more left-out cell "
        "types"
    ),
    Choice.EFFECTS: "Trust {model} for which genes change and PerturbMean for whole cells",
    Choice.MODEL: "Trust {model}: it did better than PerturbMean where it could be tested",
}


def _numbers(best: str, tested: Sequence[Tested]) -> str:
    model, average = ([one for one in tested if one.predictor == name] for name in (best, MEAN))
    return (
        f"P-Δ {mean(model, 'pearson_delta'):.2f} against {mean(average, 'pearson_delta'):.2f}, "
        f"FD {mean(model, 'fd'):.0f} against {mean(average, 'fd'):.0f}, "
        f"identity {mean(model, 'identity'):.2f} against {mean(average, 'identity'):.2f} "
        f"(means over {len({one.cell_type for one in model})} left-out cell types)"
    )
