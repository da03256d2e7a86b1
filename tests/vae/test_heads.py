import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torch import nn

from expressionvae.vae.build import build_head
from expressionvae.vae.heads.ce import CrossEntropy
from expressionvae.vae.heads.hurdle import Hurdle
from expressionvae.vae.heads.mse import MeanSquaredError
from expressionvae.vae.heads.nb import NegativeBinomial, log_likelihood

CELLS, GENES, WIDTH = 400, 5, 8


@pytest.fixture
def states() -> torch.Tensor:
    return torch.randn(1, GENES, WIDTH, generator=torch.Generator().manual_seed(0)).expand(CELLS, -1, -1)


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(1)


def negative_binomial(pace: float = 1.0, max_dispersion: float | None = None) -> NegativeBinomial:
    return NegativeBinomial(WIDTH, GENES, pace=pace, max_dispersion=max_dispersion)


@given(st.integers(0, 500), st.floats(0.01, 300), st.floats(0.05, 50))
def test_nb_agrees_with_scipy(count, mean, theta):
    ours = log_likelihood(torch.tensor(float(count)), torch.tensor(mean), torch.tensor(theta))
    expected = stats.nbinom.logpmf(count, theta, theta / (theta + mean))
    assert ours.item() == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_a_mean_of_zero_where_a_count_is_not_costs_what_a_tiny_mean_does():
    zero, tiny = (log_likelihood(torch.tensor(3.0), torch.tensor(mean), torch.tensor(1.0)) for mean in (0.0, 1e-8))
    assert torch.equal(zero, tiny) and zero.isfinite()


def test_nb_samples_have_the_mean_and_variance_of_the_distribution(states):
    head = negative_binomial()
    library = torch.full((CELLS,), 50.0)
    mean = head.predict(states, library, "mean", generator())[0]
    drawn = torch.cat([head.predict(states, library, "sample", torch.Generator().manual_seed(i)) for i in range(50)])
    torch.testing.assert_close(drawn.mean(0), mean, rtol=0.05, atol=0.05)
    torch.testing.assert_close(drawn.var(0), mean + mean**2 / math.e, rtol=0.1, atol=0.1)


@pytest.mark.parametrize("pace", [1.0, 10.0])
def test_log_dispersions_start_at_one_whatever_their_pace(pace):
    torch.testing.assert_close(negative_binomial(pace=pace).theta, torch.full((GENES,), math.e))


@pytest.mark.parametrize(
    "said,largest,meant",
    [(-50.0, None, 0.01), (math.log(0.02), None, 0.02), (30.0, None, math.exp(30)), (30.0, 22026.0, 22026.0)],
)
def test_a_dispersion_ends_at_a_hundredth_and_above_where_the_switch_says_so(said, largest, meant):
    head = negative_binomial(max_dispersion=largest)
    nn.init.constant_(head.dispersion, said)
    torch.testing.assert_close(head.theta, torch.full((GENES,), float(meant)), rtol=1e-4, atol=0)


@pytest.mark.parametrize("pace", [1.0, 10.0])
def test_an_optimiser_s_step_moves_a_log_dispersion_by_its_rate_times_the_pace(pace, states):
    head = negative_binomial(pace=pace)
    optimiser = torch.optim.AdamW(head.parameters(), 1e-3, weight_decay=0.0)
    head.loss(states, torch.full((CELLS, GENES), 2.0), torch.zeros(CELLS)).backward()
    optimiser.step()
    torch.testing.assert_close((head.theta.log() - 1).abs(), torch.full((GENES,), 1e-3 * pace), rtol=0.01, atol=0)


def test_a_dispersion_beyond_its_end_has_a_gradient_that_is_a_number(states):
    head = negative_binomial(pace=10.0, max_dispersion=22026.0)
    nn.init.constant_(head.dispersion, 100.0)
    head.loss(states, torch.full((CELLS, GENES), 2.0), torch.zeros(CELLS)).backward()
    assert (head.dispersion.grad == 0).all()


def test_nb_means_add_up_to_the_library(states):
    library = torch.rand(CELLS, generator=generator()) * 100
    mean = negative_binomial().predict(states, library, "mean", generator())
    torch.testing.assert_close(mean.sum(1), library)


def test_ce_draws_bins_as_often_as_their_chance(states):
    head = CrossEntropy(WIDTH, [0, 1, 4], [0.0, 1.5, 9.0])
    drawn = head.predict(states.repeat(25, 1, 1), torch.zeros(25 * CELLS), "sample", generator())
    chance = head.logits(states[:1]).softmax(-1)[0]
    seen = torch.stack([(drawn == value).float().mean(0) for value in (0.0, 1.5, 9.0)], dim=1)
    torch.testing.assert_close(seen, chance, atol=0.02, rtol=0)


def test_ce_puts_midpoints_in_place_of_means_and_draws_the_same_bins(states):
    head = CrossEntropy(WIDTH, [0, 1, 4, 10], [0.0, 1.5, 6.0, 30.0])
    drawn, middle = (head.predict(states, torch.zeros(CELLS), r, generator()) for r in ("sample", "sample-midpoint"))
    of = {0.0: 0.0, 1.5: 2.0, 6.0: 6.5, 30.0: 10.0}  # counts 1-3, 4-9; the last bin has no upper end
    assert torch.equal(middle, drawn.clone().apply_(lambda value: of[value]))


def test_ce_bins_counts_as_the_bins_do():
    from expressionvae.data.bins import Bins

    lower = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256]
    head = CrossEntropy(WIDTH, lower, [0.0] * 20)
    counts = np.arange(400)
    theirs = Bins(tuple(lower), tuple(map(float, lower)), (1,) * 20).tokenise(counts)
    assert np.array_equal(head._bins(torch.arange(400).float()[None])[0].numpy(), theirs)


def test_hurdle_is_zero_or_its_magnitude(states):
    head = Hurdle(WIDTH, gate_weight=0.1)
    drawn = head.predict(states, torch.zeros(CELLS), "sample", generator())
    for column in drawn.T:
        assert len(column.unique()) <= 2


def test_mse_predicts_what_it_regresses():
    head = MeanSquaredError(WIDTH)
    counts, size_factor = torch.tensor([[0.0, 3.0]]), torch.tensor([0.5])  # half the median library
    torch.testing.assert_close(head.values(counts, size_factor).expm1(), torch.tensor([[0.0, 6.0]]))


def test_predictions_are_never_negative(of_each_head):
    head = build_head(of_each_head)
    states = torch.randn(50, len(of_each_head.genes), of_each_head.size["width"], generator=generator())
    for rule in head.rules:
        found = head.predict(states, torch.full((len(states),), 9.0), rule, generator())
        assert found.min() >= 0, f"head {of_each_head.head!r}, rule {rule!r}: {found.min():g}; `Head.predict` says why"
