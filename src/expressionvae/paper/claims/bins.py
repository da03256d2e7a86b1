"""Section 3.1: what the bins of counts capture."""

from expressionvae.paper import names
from expressionvae.paper.claims.evidence import Evidence
from expressionvae.paper.claims.verdict import Claim, Finding, Verdict, undecided

BOUNDED = 0.995


def bounded_bins(evidence: Evidence) -> list[Finding]:
    findings = []
    for dataset, share in evidence.coverage.items():
        if share is None:
            findings.append(undecided(dataset, "", "no gene is significant on this screen"))
            continue
        verdict = Verdict.HOLDS if share >= BOUNDED else Verdict.FAILS
        on = names.dataset(dataset)
        reason = f"{1 - share:.2%} of the means on {on} fall in the unbounded bin"
        findings.append(Finding(dataset, "", verdict, f"{share:.2%}", share, reason))
    missing = [dataset for dataset in evidence.datasets if dataset not in evidence.coverage]
    return findings + [undecided(dataset, "", "the share has not been computed") for dataset in missing]


CLAIMS = [
    Claim(
        "bounded-bins",
        "3.1",
        "The bins capture 100% (Parse 1M) and 99.69% (Replogle) of top-DEG per-perturbation means within bounded bins.",
        "At least 99.5% of the per-perturbation mean counts of the top genes lie below the last, unbounded bin.",
        "share",
        bounded_bins,
    ),
]
