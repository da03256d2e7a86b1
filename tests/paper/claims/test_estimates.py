from dataclasses import replace

import pytest

from expressionvae.paper.claims.common import LATENT, REAL
from expressionvae.paper.claims.evidence import Scores
from tests.paper.claims.samples import evidence, scores, verdict


def rows(metric: str, ours: float, baseline: float, names) -> dict[tuple[str, ...], float]:
    return {("ar", "nb-sample", metric): ours} | {(name, metric): baseline for name in names}


@pytest.mark.parametrize("baseline,said", [(90.0, "holds"), (9.0, "does not hold")])
def test_the_unbiased_headline_reads_the_unbiased_columns_and_borrows_nothing(baseline, said):
    body = evidence({("ar", "nb-sample", "fd"): 1.0}, borrowed=scores({("scldm", "fd"): 1e6}))
    unbiased = replace(body, unbiased=scores(rows("fd", 2.0, baseline, LATENT)))
    assert verdict("headline-unbiased", unbiased, "FD") == said
    assert verdict("headline-unbiased", body, "FD") == "not decided"


@pytest.mark.parametrize(
    "ours,baseline,said", [(6.0, 60.0, "holds"), (6.0, 10.0, "does not hold"), (5.0, 60.0, "not decided")]
)
def test_error_is_counted_above_the_floor(ours, baseline, said):
    half = scores(rows("fd", ours, baseline, REAL) | {("true-vs-true", "fd"): 5.0})
    body = replace(evidence({("ar", "nb-sample", "fd"): 1.0}), half=half)
    assert verdict("above-floor", body, "FD") == said
    assert verdict("above-floor", replace(body, half=Scores()), "FD") == "not decided"
