from itertools import pairwise, product
from unittest.mock import patch

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from expressionvae.nn.dit import DiT
from expressionvae.priors.mdlm import MaskedDiffusion
from tests.nn.test_dit import AUTHORS
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


def passes(prior: MaskedDiffusion, condition: torch.Tensor, steps: int) -> tuple[list[tuple], torch.Tensor]:
    """What the network is shown in each pass of one sampling (codes, times, condition), and what was drawn."""
    seen, logits = [], prior.logits

    def watched(codes, times, condition):
        seen.append((codes.clone(), times, condition))
        return logits(codes, times, condition)

    with patch.object(prior, "logits", watched), torch.no_grad():
        return seen, prior.sample(condition, torch.Generator().manual_seed(0), steps=steps)


def test_sampling_never_shows_a_time_below_the_smallest(prior):
    seen, drawn = passes(prior, torch.randn(200, WIDTH), steps=400)
    times = torch.cat([times for _, times, _ in seen])
    assert times.min().item() == pytest.approx(0.005) and times.max() <= 1 and drawn.max() < CODES


@given(st.integers(1, 12), st.integers(1, 40), st.integers(0, 99))
def test_each_cell_goes_through_its_own_steps_in_their_order_and_each_restores_a_code(cells, steps, seed):
    torch.manual_seed(seed)
    prior = MaskedDiffusion(DiT(WIDTH, 2, 1, 32, 0.0, CODES, **AUTHORS), WIDTH, TOKENS, CODES, 0.005, 1000.0).eval()
    condition = torch.randn(cells, WIDTH)
    seen, drawn = passes(prior, condition, steps)
    assert len(seen) <= min(TOKENS, steps)
    for cell, known in enumerate(condition):
        mine = [(c[i], t[i]) for c, t, k in seen for i in range(len(k)) if torch.equal(k[i], known)]
        masked = [int((codes == prior.mask).sum()) for codes, _ in mine] + [0]
        assert masked[0] == TOKENS and all(before > after for before, after in pairwise(masked))
        assert all(before > after for before, after in pairwise(float(time) for _, time in mine))
        for codes, _ in mine:
            assert torch.equal(drawn[cell][codes != prior.mask], codes[codes != prior.mask])


def test_a_network_of_128_steps_is_passed_50_times_a_cell_of_64_codes():
    prior = MaskedDiffusion(DiT(WIDTH, 2, 1, 32, 0.0, 5, **AUTHORS), WIDTH, 64, 5, 0.005, 1000.0).eval()
    seen, _ = passes(prior, torch.randn(400, WIDTH), steps=128)
    assert sum(len(times) for _, times, _ in seen) / 400 == pytest.approx(128 * (1 - (1 - 1 / 128) ** 64), rel=0.02)


def exact(prior: MaskedDiffusion, condition: torch.Tensor, steps: int) -> torch.Tensor:
    """The chance of every outcome of all steps, one after the other, by summing over all ways to it [outcome]."""
    states = list(product(range(prior.mask + 1), repeat=prior.tokens))
    mass = {state: float(set(state) == {prior.mask}) for state in states}
    for step in range(steps, 0, -1):
        time = max(step / steps, prior.t_eps)
        restores = (time - (step - 1) / steps) / time
        times, rows = torch.full((len(states),), time), condition.expand(len(states), -1)
        chances = prior.logits(torch.tensor(states), times, rows).softmax(-1).tolist()
        after = dict.fromkeys(states, 0.0)
        for state, chance in zip(states, chances, strict=True):
            for to in states:
                moved = mass[state]
                for old, new, options in zip(state, to, chance, strict=True):
                    if old != prior.mask:
                        moved *= old == new
                    else:
                        moved *= 1 - restores if new == prior.mask else restores * options[new]
                after[to] += moved
        mass = after
    mass_of_whole = [mass[state] for state in product(range(prior.mask), repeat=prior.tokens)]
    return torch.tensor(mass_of_whole, dtype=torch.float64)


@pytest.mark.parametrize(("steps", "t_eps"), [(1, 0.005), (2, 0.005), (5, 0.005), (4, 0.4)])
def test_the_steps_in_which_something_is_restored_draw_from_the_distribution_of_all_steps(steps, t_eps):
    torch.manual_seed(1)
    prior = MaskedDiffusion(DiT(WIDTH, 2, 1, 32, 0.0, 3, **AUTHORS), WIDTH, 2, 3, t_eps, 10.0).eval()
    for parameter in prior.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    cells = 40_000
    with torch.no_grad():
        conditions = torch.randn(2, WIDTH)
        drawn = prior.sample(conditions.repeat(cells, 1), torch.Generator().manual_seed(0), steps=steps)
        for number, condition in enumerate(conditions):
            chance = exact(prior, condition, steps)
            assert chance.sum().item() == pytest.approx(1, rel=1e-4)
            found = (drawn[number::2] @ torch.tensor([3, 1])).bincount(minlength=9)
            assert chisquare(found, chance / chance.sum() * cells).pvalue > 1e-3


@pytest.mark.parametrize("steps", [1, 3, 32])
def test_sampling_leaves_no_mask(trunk, condition, steps):
    prior = MaskedDiffusion(trunk, WIDTH, TOKENS, CODES, t_eps=0.005, time_scale=1000.0).eval()
    drawn = prior.sample(condition, torch.Generator().manual_seed(0), steps=steps)
    assert drawn.shape == (4, TOKENS) and drawn.min() >= 0 and drawn.max() < CODES


def test_the_same_seed_draws_the_same_codes(prior, condition):
    draws = [prior.sample(condition, torch.Generator().manual_seed(seed), steps=8) for seed in (5, 5, 6)]
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])
