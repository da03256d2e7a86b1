import pytest
import torch

from expressionvae.nn.gaussian import Gaussian


def fixed(mean: float, log_variance: float, beta: float = 1.0) -> Gaussian:
    """A Gaussian of three channels whose posterior layer says the same of every token."""
    gaussian = Gaussian(4, 3, beta=beta)
    torch.nn.init.zeros_(gaussian.posterior.weight)
    gaussian.posterior.bias.data = torch.tensor([mean] * 3 + [log_variance] * 3)
    return gaussian


def test_a_standard_posterior_has_no_penalty():
    assert fixed(0.0, 0.0)(torch.randn(2, 5, 4))[1] == 0


def test_the_penalty_is_the_divergence_summed_over_a_cell():
    penalty = fixed(1.0, 0.0, beta=0.5)(torch.zeros(2, 5, 4))[1]
    torch.testing.assert_close(penalty, torch.tensor(0.5 * 5 * 3 * 0.5))


def test_a_token_is_projected_to_its_channels_before_the_posterior_layer():
    gaussian = Gaussian(256, 8, beta=0.1)
    shapes = {name: tuple(parameter.shape) for name, parameter in gaussian.named_parameters() if "weight" in name}
    assert shapes == {"project_in.weight": (8, 256), "posterior.weight": (16, 8), "project_out.weight": (256, 8)}


def test_latents_are_the_means_of_the_posterior_of_the_projection():
    gaussian = Gaussian(4, 3, beta=0.1)
    states = torch.randn(2, 5, 4)
    torch.testing.assert_close(gaussian.project(states), gaussian.project_in(states))
    torch.testing.assert_close(gaussian.latents(states), gaussian.posterior(gaussian.project(states))[..., :3])


@pytest.mark.parametrize("said,meant", [(9.0, 4.0), (-9.0, -4.0), (3.5, 3.5)])
def test_a_mean_ends_at_four(said, meant):
    assert fixed(said, 0.0).latents(torch.randn(1, 2, 4)).unique().tolist() == [meant]


@pytest.mark.parametrize("said,meant", [(20.0, 10.0), (-30.0, -14.0), (2.0, 2.0)])
def test_a_log_variance_ends_at_minus_14_and_10(said, meant):
    divergence = 0.5 * (torch.tensor(meant).exp() - 1 - meant) * 2 * 3
    torch.testing.assert_close(fixed(0.0, said)(torch.randn(1, 2, 4))[1], divergence)


def test_the_projection_has_no_bounds():
    gaussian = Gaussian(4, 3, beta=0.1)
    assert gaussian.project(1e4 * torch.randn(2, 5, 4)).abs().max() > 100
