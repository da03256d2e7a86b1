import torch

from expressionvae.nn.gaussian import Gaussian


def test_a_standard_posterior_has_no_penalty():
    gaussian = Gaussian(4, 3, beta=1.0)
    for parameter in gaussian.project_in.parameters():
        torch.nn.init.zeros_(parameter)
    assert gaussian(torch.randn(2, 5, 4))[1] == 0


def test_the_penalty_is_the_divergence_summed_over_a_cell():
    gaussian = Gaussian(4, 3, beta=0.5)
    torch.nn.init.zeros_(gaussian.project_in.weight)
    gaussian.project_in.bias.data = torch.tensor([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    penalty = gaussian(torch.zeros(2, 5, 4))[1]
    torch.testing.assert_close(penalty, torch.tensor(0.5 * 5 * 3 * 0.5))


def test_latents_are_the_posterior_means():
    gaussian = Gaussian(4, 3, beta=0.1)
    states = torch.randn(2, 5, 4)
    torch.testing.assert_close(gaussian.latents(states), gaussian.project_in(states)[..., :3])
