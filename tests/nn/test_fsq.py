import itertools

import torch
from hypothesis import given
from hypothesis import strategies as st

from expressionvae.nn.fsq import FSQ

levels = st.lists(st.integers(2, 9), min_size=1, max_size=3)


def identity(sizes: list[int]) -> FSQ:
    """An FSQ whose token states are its coordinates."""
    fsq = FSQ(len(sizes), 1, sizes, normalise=False)
    for layer in (fsq.project_in, fsq.project_out):
        torch.nn.init.eye_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    return fsq


@given(levels)
def test_each_dimension_reaches_all_its_levels_and_none_beyond(sizes):
    fsq = identity(sizes)
    sweep = torch.linspace(-12, 12, 6001)[:, None].expand(-1, len(sizes))
    grid = fsq.bound(sweep[None])[0].round()
    assert [len(column.unique()) for column in grid.T] == sizes


def test_the_paper_s_levels_give_exactly_512_codes():
    fsq = identity([8, 8, 8])
    axis = torch.linspace(-5, 5, 51)
    states = torch.tensor(list(itertools.product(axis, repeat=3)))[None]
    codes = fsq.latents(states)
    assert codes.unique().tolist() == list(range(512))


@given(levels)
def test_expanding_a_code_and_encoding_it_again_gives_the_code(sizes):
    fsq = identity(sizes)
    codes = torch.arange(fsq.codebook_size)[None]
    grid = fsq.expand(codes) * fsq.radius
    digits = grid + torch.div(fsq.sizes, 2, rounding_mode="floor")
    assert torch.equal((digits.round().long() * fsq.place).sum(-1), codes)


def test_training_and_expanding_agree():
    torch.manual_seed(0)
    fsq = FSQ(16, 7, [8, 5, 4], normalise=False)
    states = torch.randn(2, 7, 16)
    torch.testing.assert_close(fsq(states)[0], fsq.expand(fsq.latents(states)))


def test_the_gradient_passes_through_the_rounding():
    fsq = FSQ(4, 3, [8, 8, 8], normalise=False)
    states = torch.randn(1, 3, 4, requires_grad=True)
    fsq(states)[0].sum().backward()
    assert states.grad is not None and states.grad.abs().sum() > 0


def test_normalised_codes_are_in_use_though_cells_hardly_differ():
    torch.manual_seed(0)
    states = torch.randn(1, 2, 16) + 1e-3 * torch.randn(500, 2, 16)
    plain, normalised = (FSQ(16, 2, [8, 8, 8], normalise=choice).train() for choice in (False, True))
    assert len(plain.latents(states).unique()) <= 4
    assert len(normalised.latents(states).unique()) > 100


def test_the_projection_is_what_tanh_bounds():
    fsq = FSQ(16, 7, [8, 5, 4], normalise=False)
    states = 100 * torch.randn(2, 7, 16)
    torch.testing.assert_close(fsq.project(states), fsq.project_in(states))
    assert fsq.project(states).abs().max() > 10
    digits = fsq.bound(fsq.project(states)).round().long() + torch.tensor([4, 2, 2])
    assert (fsq.latents(states) == digits[..., 0] + 8 * digits[..., 1] + 40 * digits[..., 2]).all()


def test_the_projection_of_a_normalising_bottleneck_is_normalised():
    fsq = FSQ(16, 2, [8, 8, 8], normalise=True).train()
    z = fsq.project(5 + torch.randn(200, 2, 16))
    torch.testing.assert_close(z.mean(0), torch.zeros(2, 3), atol=1e-4, rtol=0)
