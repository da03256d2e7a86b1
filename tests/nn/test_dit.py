from itertools import pairwise

import pytest
import torch
from torch import nn

from expressionvae.nn.dit import DiT, DiTBlock, TimeEmbedding

AUTHORS = {"plain_norms": False, "silu_condition": False, "modulate_output": False, "zero_output": False}
PEEBLES = dict.fromkeys(AUTHORS, True)
BOTH = pytest.mark.parametrize("ways", [AUTHORS, PEEBLES], ids=["authors", "Peebles & Xie"])


def trunk(**ways: bool) -> DiT:
    torch.manual_seed(0)
    return DiT(8, 2, 1, 16, dropout=0.0, outputs=4, **AUTHORS | ways)


def opened(**ways: bool) -> DiT:
    """A trunk whose gates are open, as after some training."""
    made = trunk(**ways)
    for parameter in made.parameters():
        nn.init.normal_(parameter, std=0.3)
    return made


@BOTH
def test_a_block_is_the_identity_before_training(ways):
    block = DiTBlock(8, 2, 16, dropout=0.0, plain_norms=ways["plain_norms"])
    x, condition = torch.randn(3, 5, 8), torch.randn(3, 8)
    assert torch.equal(block(x, condition, causal=False), x)


@pytest.mark.parametrize("zero", [False, True])
def test_the_output_is_zero_before_training_where_the_switch_says_so(zero):
    output = trunk(zero_output=zero)(torch.randn(3, 5, 8), torch.randn(3, 8), causal=True)
    assert (output == 0).all() == zero


def test_the_output_is_a_layer_of_the_normed_states_before_training():
    made, x = trunk(), torch.randn(3, 5, 8)
    expected = made.output(nn.functional.layer_norm(x, (8,)))
    torch.testing.assert_close(made(x, torch.randn(3, 8), causal=False), expected)


@BOTH
def test_the_condition_matters_once_the_gates_have_moved(ways):
    x = torch.randn(1, 5, 8)
    one, other = (opened(**ways)(x, condition, causal=False) for condition in torch.randn(2, 1, 8))
    assert not torch.allclose(one, other)


@pytest.mark.parametrize("silu", [False, True])
def test_a_modulation_is_linear_in_the_condition_unless_silu_comes_first(silu):
    made, condition = opened(silu_condition=silu), torch.tensor([[-3.0, -1.0, 0.0, 0.5, 1.0, 2.0, -2.0, 3.0]])
    seen = []
    made.blocks[0].modulation.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    made(torch.randn(1, 5, 8), condition, causal=False)
    made.step(torch.randn(1, 1, 8), condition, [None])
    expected = nn.functional.silu(condition) if silu else condition
    assert len(seen) == 2 and all(torch.equal(given, expected) for given in seen)


@pytest.mark.parametrize("modulated", [False, True])
def test_the_condition_reaches_the_last_norm_where_the_switch_says_so(modulated):
    made = opened(modulate_output=modulated)
    nn.init.zeros_(made.blocks[0].modulation.weight), nn.init.zeros_(made.blocks[0].modulation.bias)
    x = torch.randn(1, 5, 8)
    one, other = (made(x, condition, causal=False) for condition in torch.randn(2, 1, 8))
    assert torch.allclose(one, other) != modulated


@pytest.mark.parametrize("plain,number", [(False, 6), (True, 0)])
def test_norms_have_weights_and_biases_unless_plain(plain, number):
    names = [name for name, _ in trunk(plain_norms=plain).named_parameters() if "norm" in name]
    assert len(names) == number


def test_times_far_apart_have_different_embeddings():
    embed = TimeEmbedding(16, scale=1000.0)
    near, far = (embed(torch.tensor([0.0, t])) for t in (0.001, 0.5))
    assert (near[0] - near[1]).norm() < (far[0] - far[1]).norm()


def test_sinusoids_go_from_the_fastest_to_ten_thousand_times_as_slow_in_equal_ratios():
    rates = TimeEmbedding(16, scale=1.0).rates
    assert rates[0] == 1 and rates[-1].item() == pytest.approx(1e-4, rel=1e-4)
    ratios = torch.stack([a / b for a, b in pairwise(rates)])
    torch.testing.assert_close(ratios, ratios[:1].expand(7))


def test_a_scale_stretches_time():
    torch.manual_seed(0)
    one, thousand = TimeEmbedding(16, scale=1.0), TimeEmbedding(16, scale=1000.0)
    thousand.load_state_dict(one.state_dict())
    torch.testing.assert_close(one(torch.tensor([500.0])), thousand(torch.tensor([0.5])))
