import pytest

from expressionvae.paper.claims.evidence import Evidence
from tests.paper.claims.samples import SCREEN, evidence, verdict


@pytest.mark.parametrize(
    "share,said", [(1.0, "holds"), (0.9969, "holds"), (0.97, "does not hold"), (None, "not decided")]
)
def test_nearly_all_means_have_to_be_bounded(share, said):
    assert verdict("bounded-bins", Evidence(published=False, coverage={SCREEN: share})) == said


def test_a_screen_without_coverage_is_not_decided():
    assert verdict("bounded-bins", evidence({("ar", "mse", "fd"): 1.0})) == "not decided"
