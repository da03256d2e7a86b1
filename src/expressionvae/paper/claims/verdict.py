"""What can be said of a claim, and how noise is judged."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from expressionvae.paper.claims.evidence import Evidence, Number
from expressionvae.paper.columns import COLUMNS
from expressionvae.paper.noise import limit
from expressionvae.writing.formatting import four_digits

NOISE = (
    "Two means differ when they are further apart than *t* combined standard errors, where *t* is the two-sided "
    "5% point of Student's distribution (2.45 for four replicates against four, 4.30 for two against two); where "
    "one verdict rests on several comparisons, they share the 5% (Bonferroni). A number of ours from a single "
    "replicate, or two numbers whose replicates do not differ at all, decide nothing that noise could decide. That two "
    "things are equal needs at least three replicates of each. A number that the paper prints without a standard error "
    "is given that of the number it is compared with (where neither has one, both are taken as exact), and a "
    "standard error printed as 0.000 is taken as half a unit of its last digit. Standard errors are "
    "over trainings, each with the mean over its draws; over the draws where there is one training (the default plan)."
)


UNKNOWN = "noise unknown (a single replicate, or replicates that do not differ)"
FEW = 3  # replicates a side that a verdict of equality needs: with fewer, hardly anything could be told apart


class Verdict(StrEnum):
    HOLDS = "holds"
    FAILS = "does not hold"
    OPEN = "not decided"


@dataclass(frozen=True)
class Finding:
    """What one body of evidence says about one claim, on one dataset; `part` is what the claim is split by.

    `effect` is the size that the claim's `effect` names (NaN: none), `reason` one line.
    """

    dataset: str
    part: str
    verdict: Verdict
    numbers: str
    effect: float
    reason: str


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper, where it stands, and the predicate that decides it, in words and as a function."""

    id: str
    section: str
    text: str
    rule: str
    effect: str
    judge: Callable[[Evidence], list[Finding]]


def undecided(dataset: str, part: str, reason: str, numbers: str = "", effect: float = math.nan) -> Finding:
    return Finding(dataset, part, Verdict.OPEN, numbers, effect, reason)


@dataclass(frozen=True)
class Difference:
    """`gain`: how much better the first is (> 0) than the second; `ses`: the same in combined standard errors.

    `sign` is 1 or -1 when the first is better or worse beyond noise, 0 within noise, None when noise is unknown.
    """

    gain: float
    ses: float
    sign: Literal[-1, 0, 1] | None

    def __neg__(self) -> "Difference":
        turned: dict[int | None, Literal[-1, 0, 1] | None] = {1: -1, 0: 0, -1: 1, None: None}
        return Difference(-self.gain, -self.ses, turned[self.sign])


def compare(first: Number, second: Number, metric: str, shared: int = 1) -> Difference:
    """Whether two means of `metric` differ beyond noise, as one of `shared` comparisons."""
    gain = (first.mean - second.mean) * (1 if COLUMNS[metric].direction == "higher" else -1)
    if not (first.known and second.known):
        return Difference(gain, math.nan, None)
    direction = 1 if gain > 0 else -1
    errors, freedom = combined(first, second)
    if not any(errors):
        exact = first.printed and second.printed
        return Difference(gain, math.nan, 0 if gain == 0 else direction if exact else None)
    ses = gain / math.hypot(*errors)
    return Difference(gain, ses, direction if abs(ses) > limit(freedom, shared) else 0)


def combined(first: Number, second: Number) -> tuple[tuple[float, float], int]:
    """The two standard errors and the degrees of freedom; one that the paper does not print is the other's."""
    errors = [number.se if math.isfinite(number.se) else 0.0 for number in (first, second)]
    freedom = sum(number.n - 1 for number in (first, second) if number.se > 0)
    for i, number in enumerate((first, second)):
        if number.printed and math.isnan(number.se):
            errors[i] = errors[1 - i]
    return (errors[0], errors[1]), freedom


def few(numbers: Iterable[Number]) -> bool:
    """Whether some of ours have fewer replicates than a verdict of equality needs."""
    return any(number.n < FEW for number in numbers if not number.printed)


def of_signs(signs: Iterable[int | None]) -> Verdict:
    """All comparisons as claimed: holds; one beyond noise the other way: does not hold; else not decided."""
    found = list(signs)
    if -1 in found:
        return Verdict.FAILS
    return Verdict.HOLDS if found and all(sign == 1 for sign in found) else Verdict.OPEN


def best(numbers: Iterable[tuple[str, Number]], metric: str) -> tuple[str, Number] | None:
    """The best (name, number) of `metric`; the first of equals; None of none."""
    sign = -1 if COLUMNS[metric].direction == "higher" else 1
    return min(numbers, key=lambda pair: sign * pair[1].mean, default=None)


def show(number: Number) -> str:
    """As in 4.67 or 4.67 ± 0.03; what is smaller than a thousandth keeps two digits."""
    return digits(number.mean) + (f" ± {number.se:.2g}" if math.isfinite(number.se) else "")


def digits(value: float) -> str:
    return f"{value:.2g}" if 0 < abs(value) < 0.0995 else four_digits(value)


def in_ses(ses: float) -> str:
    """As in 7.9 SE; nothing where the standard error is not known."""
    return f"{abs(ses):.1f} SE" if math.isfinite(ses) else "no SE"


def in_words(difference: Difference, if_better: str, if_worse: str) -> str:
    """What to say of the first where it is better or worse, with the distance; or that noise hides which."""
    if difference.sign is None:
        return UNKNOWN
    said = {1: if_better, -1: if_worse, 0: "within noise"}[difference.sign]
    return f"{said} ({in_ses(difference.ses)})"
