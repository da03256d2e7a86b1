import pytest

from tests.paper.claims.samples import evidence, model, verdict


@pytest.mark.parametrize("mdlm,n,said", [(5.001, 4, "holds"), (6.0, 4, "does not hold"), (5.001, 2, "not decided")])
def test_priors_are_equal_within_noise_if_replicates_can_tell(mdlm, n, said):
    body = evidence({("ar", "mse", "fd"): 5.0, ("mdlm", "mse", "fd"): mdlm}, n=n)
    assert verdict("priors-within-noise", body, "FD") == said


@pytest.mark.parametrize("gap,said", [(1.0, "holds"), (3.0, "does not hold")])
def test_priors_are_compared_with_the_range_of_decoders(gap, said):
    body = evidence({("ar", "mse", "fd"): 20.0, ("mdlm", "mse", "fd"): 20.0 + gap} | model("fd", 2.0))
    assert verdict("priors-beside-decoders", body, "FD") == said


def test_a_wide_share_within_noise_refutes_nothing():
    body = evidence({("ar", "mse", "fd"): 20.0, ("mdlm", "mse", "fd"): 23.0} | model("fd", 2.0), se=0.2)
    assert verdict("priors-beside-decoders", body, "FD") == "not decided"
