import math

import pytest

from expressionvae.paper.claims.evidence import Evidence
from tests.paper.claims.samples import SCREEN, evidence, judged, verdict

FD = {("ar", "nb-sample", "fd"): 5.0, ("mdlm", "mse", "fd"): 9.0}


def shares(near: float, far: float = 1.0, true: float = 0.95) -> dict[tuple[str, ...], float]:
    """Identity of the model that is best in FD, of the other, and of the true cells."""
    own = {("ar", "nb-sample", "identity"): near, ("mdlm", "mse", "identity"): far}
    return own | {(*key[:2], "identity_true"): true for key in own}


@pytest.mark.parametrize(
    "near, said", [(0.95, "holds"), (0.8, "holds"), (0.7, "does not hold"), (0.1, "does not hold")]
)
def test_it_holds_where_the_best_model_s_cells_are_as_right_as_true_ones(near, said):
    assert verdict("right-cells", evidence(FD | shares(near)), "FD") == said


def test_right_cells_of_a_model_that_is_not_the_best_do_not_help():
    assert verdict("right-cells", evidence(FD | shares(0.2, far=0.95)), "FD") == "does not hold"
    assert verdict("right-cells", evidence(FD | shares(0.95, far=0.2)), "FD") == "holds"


@pytest.mark.parametrize("changes", [{"n": 1}, {"se": 0.1}])
def test_it_is_not_decided_within_noise_or_without_knowing_it(changes):
    assert verdict("right-cells", evidence(FD | shares(0.72), **changes), "FD") == "not decided"


@pytest.mark.parametrize("cells", [FD, shares(0.9), FD | shares(math.nan, true=math.nan)])
def test_it_is_not_decided_without_distances_or_shares(cells):
    found = judged("right-cells", evidence(cells))
    assert {str(finding.verdict) for finding in found.values()} == {"not decided"}


def test_the_paper_has_no_such_column():
    published = evidence(FD)
    found = judged("right-cells", Evidence(published=True, scores=published.scores))
    assert "no such column" in found[SCREEN, "FD"].reason
