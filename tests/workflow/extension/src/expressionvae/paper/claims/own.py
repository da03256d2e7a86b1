"""A claim in a file of its own."""

from expressionvae.paper.claims.evidence import Evidence
from expressionvae.paper.claims.verdict import Claim, Finding, compare, of_signs, undecided


def means_are_far(evidence: Evidence) -> list[Finding]:
    findings = []
    for dataset in evidence.datasets:
        drawn, mean = (evidence.scores.model(dataset, "ar", decoder, "fd") for decoder in ("nb-sample", "mse"))
        if drawn is None or mean is None:
            findings.append(undecided(dataset, "", "one of the two has no FD"))
            continue
        ratio, verdict = mean.mean / drawn.mean, of_signs([compare(drawn, mean, "fd").sign])
        findings.append(Finding(dataset, "", verdict, f"{drawn.mean:.3f} against {mean.mean:.3f}", ratio, ""))
    return findings


CLAIMS = [
    Claim(
        "means-are-far",
        "4.2",
        "Predicted means are farther from true cells than drawn cells are.",
        "FD of AR with nb-sample is below that with mse, beyond noise.",
        "ratio",
        means_are_far,
    ),
]
