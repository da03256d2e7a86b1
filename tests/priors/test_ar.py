import pytest
import torch

from expressionvae.nn.dit import DiT
from expressionvae.priors.ar import Autoregressive
from tests.nn.test_dit import AUTHORS
from tests.priors.conftest import CODES, TOKENS, WIDTH


@pytest.fixture(params=[False, True], ids=["no positions", "positions"])
def prior(trunk, request) -> Autoregressive:
    return Autoregressive(trunk, WIDTH, TOKENS, CODES, positions=request.param).eval()


@pytest.mark.parametrize("changed", range(TOKENS))
def test_a_code_leaves_the_logits_up_to_itself_unchanged(prior, codes, condition, changed):
    other = codes.clone()
    other[:, changed] = (codes[:, changed] + 1) % CODES
    before, after = prior.logits(codes, condition), prior.logits(other, condition)
    assert torch.equal(before[:, : changed + 1], after[:, : changed + 1])
    if changed + 1 < TOKENS:
        assert not torch.allclose(before[:, changed + 1 :], after[:, changed + 1 :])


def reforward(prior: Autoregressive, condition: torch.Tensor):
    """Logits of the next code, each from a full forward pass."""
    codes = torch.zeros(len(condition), TOKENS, dtype=torch.long)
    for position in range(TOKENS):
        drawn = yield prior.logits(codes, condition)[:, position]
        codes[:, position] = drawn[:, 0]


def test_sampling_with_a_cache_equals_sampling_without(prior, condition):
    cached = prior.sample(condition, torch.Generator().manual_seed(3))
    full = prior._draw(reforward(prior, condition), torch.Generator().manual_seed(3))
    assert torch.equal(cached, full)


def test_the_same_seed_draws_the_same_codes(prior, condition):
    draws = [prior.sample(condition, torch.Generator().manual_seed(seed)) for seed in (5, 5, 6)]
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])


@pytest.mark.slow
def test_it_learns_a_code_that_repeats_the_one_before():
    torch.manual_seed(0)
    prior = Autoregressive(DiT(WIDTH, 2, 1, 32, 0.0, CODES, **AUTHORS), WIDTH, TOKENS, CODES, positions=False)
    optimiser = torch.optim.Adam(prior.parameters(), 1e-2)
    for _ in range(150):
        codes = torch.randint(CODES, (64, 1)).expand(-1, TOKENS).contiguous()
        loss = prior.loss(codes, torch.zeros(64, WIDTH))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    drawn = prior.eval().sample(torch.zeros(50, WIDTH), torch.Generator().manual_seed(0))
    assert (drawn[:, 1:] == drawn[:, :-1]).float().mean() > 0.95
