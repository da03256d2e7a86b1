"""Sections 3.1 and 3.2: what the codes use of their codebook, and whether the two priors are equally large."""

from expressionvae.paper import names
from expressionvae.paper.claims.common import NO_COLUMN
from expressionvae.paper.claims.evidence import DISCRETE, PRIORS, Evidence
from expressionvae.paper.claims.verdict import Claim, Finding, Verdict, undecided

IN_USE, DEAD = 0.9, 0.5  # share of the codes that some training cell has: none is lost, or half of them are
EVEN, UNEVEN = 0.25, 0.1  # perplexity of their use, as a share of K
SAME_SIZE = 0.02  # by which the number of weights may differ


def no_collapse(evidence: Evidence) -> list[Finding]:
    if evidence.published:
        return [undecided(dataset, "", NO_COLUMN) for dataset in evidence.datasets]
    rows = evidence.codes[evidence.codes["bottleneck"] == DISCRETE].to_dict("records")
    done = {row["dataset"] for row in rows}
    missing = [undecided(d, "", "the use of codes has not been counted") for d in evidence.datasets if d not in done]
    return [_collapse(row) for row in rows] + missing


def _collapse(row: dict) -> Finding:
    dataset, part, size = row["dataset"], names.head(row["head"]), row["codes"]
    used, even = row["used"] / size, row["perplexity"] / size
    numbers = f"{row['used']:.0f} of {size:.0f} codes used, perplexity {row['perplexity']:.0f}"
    if used >= IN_USE and even >= EVEN:
        return Finding(dataset, part, Verdict.HOLDS, numbers, used, "nearly all codes are in use")
    if used <= DEAD or even <= UNEVEN:
        why = "half of the codes are dead" if used <= DEAD else "a few codes have nearly all the use"
        return Finding(dataset, part, Verdict.FAILS, numbers, used, why)
    return undecided(dataset, part, "between a collapse and none", numbers, used)


def equal_parameters(evidence: Evidence) -> list[Finding]:
    if evidence.published:
        return [undecided(dataset, "", "the paper says so and prints no number") for dataset in evidence.datasets]
    return [_parameters(evidence, dataset) for dataset in evidence.datasets]


def _parameters(evidence: Evidence, dataset: str) -> Finding:
    table = evidence.parameters
    sizes = {p: table.loc[(table["dataset"] == dataset) & (table["prior"] == p), "parameters"] for p in PRIORS}
    if any(found.empty for found in sizes.values()):
        return undecided(dataset, "", "needs weights of AR and of MDLM")
    first, second = (float(found.iloc[0]) for found in sizes.values())
    apart = abs(first / second - 1)
    numbers = ", ".join(f"{names.prior(p)} {found.iloc[0]:,.0f}" for p, found in sizes.items())
    verdict = Verdict.HOLDS if apart <= SAME_SIZE else Verdict.FAILS
    return Finding(dataset, "", verdict, numbers, apart, f"they differ by {apart:.1%}")


CLAIMS = [
    Claim(
        "no-codebook-collapse",
        "3.1",
        "FSQ eliminates the codebook collapse that is documented in single-cell VQ.",
        "Over the training cells at least 90% of the codes are used, with a perplexity of at least a quarter of K; "
        "refuted where half of them are never used, or the perplexity is at most a tenth of K.",
        "share of codes used",
        no_collapse,
    ),
    Claim(
        "equal-parameters",
        "3.2",
        "AR and MDLM have the same backbone and the same number of parameters.",
        "The numbers of weights differ by at most 2%.",
        "relative difference",
        equal_parameters,
    ),
]
