import pytest
import torch

from expressionvae.nn.dit import DiT
from expressionvae.priors.flow import FlowMatching
from tests.nn.test_dit import PEEBLES


def flow(mean: float = 0.0, std: float = 1.0, standardise: bool = True) -> FlowMatching:
    torch.manual_seed(0)
    trunk = DiT(16, 2, 1, 32, dropout=0.0, outputs=2, **PEEBLES)
    moments = torch.full((2,), mean), torch.full((2,), std)
    return FlowMatching(trunk, 16, 1, *moments, time_scale=1000.0, standardise=standardise)


def test_a_path_starts_at_noise_and_ends_at_data():
    noise, data = torch.randn(2, 3, 1, 2)
    assert torch.equal(FlowMatching.path(noise, data, torch.zeros(3)), noise)
    assert torch.equal(FlowMatching.path(noise, data, torch.ones(3)), data)


@pytest.mark.parametrize("standardise,mean,std", [(True, 5.0, 0.1), (False, 0.0, 1.0)])
def test_a_flow_that_moves_nothing_returns_noise_at_the_scale_it_runs_on(standardise, mean, std):
    prior = flow(mean=5.0, std=0.1, standardise=standardise)
    drawn = prior.sample(torch.zeros(2000, 16), torch.Generator().manual_seed(0), steps=8)
    assert drawn.mean().item() == pytest.approx(mean, abs=0.05) and drawn.std().item() == pytest.approx(std, rel=0.1)


@pytest.mark.parametrize("standardise,loss", [(True, 2.0), (False, 26.0)])
def test_the_loss_is_of_latents_as_they_are_unless_standardised(standardise, loss):
    torch.manual_seed(0)
    latents = 5 + 0.1 * torch.randn(4000, 1, 2)  # velocity 0: the loss is E[(latents - noise)^2]
    measured = flow(mean=5.0, std=0.1, standardise=standardise).loss(latents, torch.zeros(4000, 16))
    assert measured.item() == pytest.approx(loss, rel=0.05)


@pytest.mark.slow
def test_it_recovers_two_gaussians_each_under_its_condition_and_their_mixture_under_a_third():
    prior = flow()
    conditions = torch.randn(3, 16, generator=torch.Generator().manual_seed(1))
    centres, share = torch.tensor([[-2.0, 1.0], [2.0, -1.0]]), 0.3
    optimiser = torch.optim.Adam(prior.parameters(), 3e-3)
    for _ in range(600):
        which = torch.randint(3, (256,))
        side = torch.where(which == 2, (torch.rand(256) > share).long(), which)
        data = centres[side][:, None] + 0.3 * torch.randn(256, 1, 2)
        loss = prior.loss(data, conditions[which])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    first, second, both = (
        prior.sample(condition.expand(500, -1), torch.Generator().manual_seed(0), steps=20)[:, 0]
        for condition in conditions
    )
    for drawn, centre in zip((first, second), centres, strict=True):
        torch.testing.assert_close(drawn.mean(0), centre, atol=0.2, rtol=0)
        assert drawn.std(0).mean().item() == pytest.approx(0.3, abs=0.1)
    left = both[:, 0] < 0
    assert left.float().mean().item() == pytest.approx(share, abs=0.1)
    torch.testing.assert_close(both[left].mean(0), centres[0], atol=0.3, rtol=0)
    torch.testing.assert_close(both[~left].mean(0), centres[1], atol=0.3, rtol=0)
