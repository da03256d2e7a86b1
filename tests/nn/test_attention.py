import pytest
import torch

from expressionvae.nn.attention import Attention, CrossBlock


def test_cached_steps_equal_causal_attention_over_the_whole():
    torch.manual_seed(0)
    attention = Attention(8, 2, dropout=0.0)
    x = torch.randn(3, 6, 8)
    cache, steps = None, []
    for position in x.split(1, dim=1):
        step, cache = attention.attend(position, position, True, cache)
        steps.append(step)
    torch.testing.assert_close(torch.cat(steps, 1), attention(x, x, causal=True))


def test_context_order_means_nothing_to_cross_attention():
    torch.manual_seed(0)
    block = CrossBlock(8, 2, 16, dropout=0.0, self_attention=False)
    x, context = torch.randn(2, 3, 8), torch.randn(2, 5, 8)
    torch.testing.assert_close(block(x, context), block(x, context.flip(1)))


def test_a_width_that_heads_do_not_divide_is_a_programmer_s_mistake():
    with pytest.raises(AssertionError, match="multiple"):
        Attention(10, 3, dropout=0.0)
