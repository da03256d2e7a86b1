"""Section 4.1: discrete latents against continuous ones and against the other baselines, in orders of magnitude."""

import math
from collections.abc import Container
from dataclasses import replace

from expressionvae.paper import names
from expressionvae.paper.claims.common import (
    DETERMINISTIC,
    DISTRIBUTION,
    LATENT,
    ORDER,
    OTHERS,
    REAL,
    SAMPLING,
    drawn,
    from_paper,
    label,
    ours,
    ratio,
    universal,
    unrun,
)
from expressionvae.paper.claims.evidence import Evidence, Number, Scores
from expressionvae.paper.claims.verdict import (
    Claim,
    Finding,
    best,
    show,
    undecided,
)

NEAREST = math.sqrt(ORDER)  # from here on a ratio rounds to ten and not to one, on a logarithmic scale


def order_of_magnitude(evidence: Evidence, least: float = ORDER) -> list[Finding]:
    return [_order(evidence, dataset, metric, least) for dataset in evidence.datasets for metric in ("mmd2", "fd")]


def roughly_an_order(evidence: Evidence) -> list[Finding]:
    return order_of_magnitude(evidence, NEAREST)


def _order(evidence: Evidence, dataset: str, metric: str, least: float) -> Finding:
    rivals, borrowed = evidence.rivals(dataset, metric)
    taken = {} if evidence.published else {name: rivals[name] for name in borrowed}
    missing = unrun(evidence, dataset, LATENT, rivals)
    found = order_in(evidence.scores, dataset, metric, rivals, taken, missing, least)
    model = ours(evidence.scores, dataset, metric, (SAMPLING, DETERMINISTIC))
    return replace(found, reason=found.reason + (drawn(evidence, dataset, metric, LATENT, model[1]) if model else ""))


def order_in(
    scores: Scores,
    dataset: str,
    metric: str,
    rivals: dict[str, Number],
    borrowed: Container[str],
    missing: str,
    least: float = ORDER,
) -> Finding:
    """The ratio of the best continuous-latent baseline among `rivals` to our best Table 1 row in `scores`.

    `borrowed` are those with the paper's numbers, `missing` says in words which have none at all; `least` is the
    ratio that the claim needs.
    """
    part, model = label(metric), ours(scores, dataset, metric, (SAMPLING, DETERMINISTIC))
    rival = best([(name, number) for name, number in rivals.items() if name in LATENT], metric)
    if model is None:
        return undecided(dataset, part, f"no {SAMPLING} or {DETERMINISTIC} row of AR or MDLM")
    if rival is None:
        why = "no continuous-latent baseline (scLDM, scVI, CPA) has been run on this screen"
        return undecided(dataset, part, why + _nearest(rivals, model[1]), f"{model[0]} {show(model[1])}")
    times, verdict, why = ratio(rival[1], model[1], least)
    numbers = f"{names.baseline(rival[0])} {show(rival[1])} / {model[0]} {show(model[1])}"
    reason = why or f"{times:.3g} times smaller" + ("" if times >= least else f": less than {least:.3g}")
    verdict, reason = universal(verdict, reason, missing)
    return Finding(dataset, part, verdict, numbers, times, reason + from_paper(LATENT, borrowed))


def _nearest(rivals: dict[str, Number], model: Number) -> str:
    shown = [f"{names.baseline(n)} is {r.mean / model.mean:.3g} times ours" for n, r in rivals.items() if n in REAL]
    return f"; {', '.join(shown)}" if shown and model.mean > 0 else ""


def lag_of_others(evidence: Evidence) -> list[Finding]:
    return [_lag(evidence, dataset, metric) for dataset in evidence.datasets for metric in DISTRIBUTION]


def _lag(evidence: Evidence, dataset: str, metric: str) -> Finding:
    model = ours(evidence.scores, dataset, metric, (SAMPLING, DETERMINISTIC))
    rivals, borrowed = evidence.rivals(dataset, metric)
    rival = best([(name, number) for name, number in rivals.items() if name in OTHERS], metric)
    if model is None or rival is None:
        what = "of ours" if model is None else "of scVI, CPA, scGPT or STATE"
        return undecided(dataset, label(metric), f"no row {what} on this screen")
    times, verdict, why = ratio(rival[1], model[1], ORDER)
    reason = why or f"the nearest of the four, {names.baseline(rival[0])}, is {times:.3g} times larger"
    verdict, reason = universal(verdict, reason, unrun(evidence, dataset, OTHERS, rivals))
    numbers = f"{names.baseline(rival[0])} {show(rival[1])} / {model[0]} {show(model[1])}"
    reason += from_paper(OTHERS, () if evidence.published else borrowed)
    reason += drawn(evidence, dataset, metric, OTHERS, model[1])
    return Finding(dataset, label(metric), verdict, numbers, times, reason)


CLAIMS = [
    Claim(
        "order-of-magnitude",
        "4.1",
        "The discrete-latent model improves over the strongest continuous-latent baseline by roughly an order of "
        "magnitude on MMD² and FD, on both screens.",
        "The best continuous-latent baseline (scLDM, scVI, CPA) divided by the best of the AR and MDLM rows of Table 1 "
        "(nb-sample, mse) is at least 10.",
        "times",
        order_of_magnitude,
    ),
    Claim(
        "roughly-an-order",
        "4.1",
        "The discrete-latent model improves over the strongest continuous-latent baseline by roughly an order of "
        "magnitude on MMD² and FD, on both screens.",
        "Read loosely: on a logarithmic scale the same ratio is nearer to ten than to one (at least √10 = 3.16).",
        "times",
        roughly_an_order,
    ),
    Claim(
        "lag-of-others",
        "4.1",
        "scGPT, STATE, scVI and CPA lag the discrete-latent model by one to three orders of magnitude on W₂, MMD² "
        "and FD.",
        "Even the nearest of the four is at least 10 times larger than the best AR or MDLM row of Table 1.",
        "times",
        lag_of_others,
    ),
]
