import pytest
import torch

from expressionvae.priors.mdlm import MaskedDiffusion
from tests.priors.conftest import CODES, TOKENS, WIDTH


@pytest.fixture
def prior(trunk) -> MaskedDiffusion:
    return MaskedDiffusion(trunk, WIDTH, TOKENS, CODES, t_eps=0.005, time_scale=1000.0).eval()


def test_at_time_zero_nothing_is_masked(prior, codes):
    assert torch.equal(prior.noise(codes, torch.zeros(4)), codes)


def test_at_time_one_everything_is_masked(prior, codes):
    assert (prior.noise(codes, torch.ones(4)) == prior.mask).all()


def test_the_masked_share_is_the_time(prior):
    codes = torch.zeros(1, 40_000, dtype=torch.long)
    masked = prior.noise(codes, torch.tensor([0.3])) == prior.mask
    assert masked.float().mean().item() == pytest.approx(0.3, abs=0.01)


def test_unmasked_codes_have_no_loss(prior, codes, condition):
    assert prior.weighted_loss(codes, codes, torch.full((4,), 0.5), condition) == 0


def test_at_time_one_the_loss_is_the_plain_cross_entropy(prior, codes, condition):
    masked, times = torch.full_like(codes, prior.mask), torch.ones(4)
    logits = prior.logits(masked, times, condition)
    expected = torch.nn.functional.cross_entropy(logits.flatten(0, 1), codes.flatten())
    torch.testing.assert_close(prior.weighted_loss(codes, masked, times, condition), expected)


def test_times_are_spread_evenly_and_bounded(prior):
    times = prior.times(100, torch.device("cpu")).sort().values
    assert times.min() >= prior.t_eps and times.max() <= 1 - prior.t_eps
    torch.testing.assert_close(times[1:-1].diff(), torch.full((97,), 0.01), atol=1e-5, rtol=0)


def test_times_beyond_the_bounds_are_moved_there(prior):
    times = prior.times(10_000, torch.device("cpu"))
    assert (times == prior.t_eps).float().mean().item() == pytest.approx(prior.t_eps, abs=2e-4)
    assert (times == 1 - prior.t_eps).float().mean().item() == pytest.approx(prior.t_eps, abs=2e-4)


def test_sampling_never_shows_a_time_below_the_smallest(prior, condition):
    seen = []
    prior.time.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].unique().item()))
    drawn = prior.sample(condition, torch.Generator().manual_seed(0), steps=400)
    assert seen[0] == 1.0 and min(seen) == pytest.approx(0.005) and len(seen) == 400
    assert drawn.max() < CODES


@pytest.mark.parametrize("steps", [1, 3, 32])
def test_sampling_leaves_no_mask(trunk, condition, steps):
    prior = MaskedDiffusion(trunk, WIDTH, TOKENS, CODES, t_eps=0.005, time_scale=1000.0).eval()
    drawn = prior.sample(condition, torch.Generator().manual_seed(0), steps=steps)
    assert drawn.shape == (4, TOKENS) and drawn.min() >= 0 and drawn.max() < CODES


def test_the_same_seed_draws_the_same_codes(prior, condition):
    draws = [prior.sample(condition, torch.Generator().manual_seed(seed), steps=8) for seed in (5, 5, 6)]
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])
