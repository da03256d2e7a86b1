import pandas as pd
import pytest

from expressionvae.paper.claims.evidence import CODES, PARAMETERS, Evidence
from tests.paper.claims.samples import SCREEN, evidence, verdict


def used(codes: int, perplexity: float) -> Evidence:
    table = pd.DataFrame([(SCREEN, "fsq", "nb", 512, codes, perplexity)], columns=CODES)
    return evidence({("ar", "mse", "fd"): 1.0}, codes=table)


@pytest.mark.parametrize("codes,perplexity,said", [
    (512, 400.0, "holds"), (500, 60.0, "not decided"), (512, 30.0, "does not hold"), (200, 150.0, "does not hold"),
])  # fmt: skip
def test_a_codebook_has_collapsed_when_half_of_it_is_dead_or_a_tenth_has_all_the_use(codes, perplexity, said):
    assert verdict("no-codebook-collapse", used(codes, perplexity), "NB") == said


@pytest.mark.parametrize("mdlm,said", [(1_010_000, "holds"), (1_200_000, "does not hold")])
def test_priors_are_as_large_when_their_weights_differ_by_two_per_cent_at_most(mdlm, said):
    rows = [(SCREEN, "fsq", "nb", "ar", 1_000_000), (SCREEN, "fsq", "nb", "mdlm", mdlm)]
    body = evidence({("ar", "mse", "fd"): 1.0}, parameters=pd.DataFrame(rows, columns=PARAMETERS))
    assert verdict("equal-parameters", body) == said


def test_uncounted_weights_and_codes_decide_nothing():
    body = evidence({("ar", "mse", "fd"): 1.0})
    assert verdict("equal-parameters", body) == verdict("no-codebook-collapse", body) == "not decided"
