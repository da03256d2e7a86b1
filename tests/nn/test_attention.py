import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.overrides import TorchFunctionMode

from expressionvae.nn.attention import Attention, CrossBlock, log_counts


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


class Rates(TorchFunctionMode):
    """The dropout rates of a training's forward pass, by kind, in the order of the calls."""

    def __init__(self):
        super().__init__()
        self.attention, self.elsewhere = [], []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func is nn.functional.scaled_dot_product_attention:
            self.attention.append(kwargs["dropout_p"])
        if func is nn.functional.dropout:
            self.elsewhere.append(kwargs.get("p", args[1] if len(args) > 1 else None))
        return func(*args, **kwargs)


@pytest.mark.parametrize("self_attention,attentions", [(True, 2), (False, 1)])
def test_dropout_is_on_attention_probabilities_and_twice_in_the_feed_forward(self_attention, attentions):
    block = CrossBlock(8, 2, 16, dropout=0.1, self_attention=self_attention)
    with Rates() as rates:
        block(torch.randn(2, 3, 8), torch.randn(2, 5, 8))
    assert rates.attention == [0.1] * attentions and rates.elsewhere == [0.1, 0.1]
    with Rates() as rates:
        block.eval()(torch.randn(2, 3, 8), torch.randn(2, 5, 8))
    assert rates.attention == [0.0] * attentions


def test_what_an_attention_adds_is_never_dropped():
    block = CrossBlock(8, 2, 16, dropout=0.9, self_attention=False).train()
    block.cross_attention.dropout = 0.0
    nn.init.zeros_(block.feedforward[3].weight), nn.init.zeros_(block.feedforward[3].bias)
    x, context = torch.randn(2, 3, 8), torch.randn(2, 5, 8)
    torch.testing.assert_close(block(x, context), block.eval()(x, context))


@pytest.mark.parametrize("causal", [False, True])
def test_dropped_attention_is_one_call_without_a_mask_so_that_a_gpu_has_a_fused_kernel_for_it(causal, monkeypatch):
    calls = []
    plain = nn.functional.scaled_dot_product_attention
    monkeypatch.setattr(
        nn.functional, "scaled_dot_product_attention", lambda *a, **k: calls.append((len(a), k)) or plain(*a, **k)
    )
    x = torch.randn(2, 3, 8)
    Attention(8, 2, dropout=0.1)(x, x, causal=causal)
    assert calls == [(3, {"attn_mask": None, "dropout_p": 0.1, "is_causal": causal})]


def test_a_width_that_heads_do_not_divide_is_a_programmer_s_mistake():
    with pytest.raises(AssertionError, match="multiple"):
        Attention(10, 3, dropout=0.0)


@given(st.integers(1, 100_000), st.sampled_from([torch.float32, torch.bfloat16, torch.float16]))
def test_biases_that_stand_for_a_number_of_tokens_add_up_to_it_in_the_precision_of_the_scores(number, dtype):
    biases = torch.tensor(log_counts(number, dtype))
    assert torch.equal(biases.to(dtype).float(), biases)
    assert biases.double().exp().sum().item() == pytest.approx(number, rel=2e-5)
    assert len(biases) <= (1 if dtype == torch.float32 else 4)


def test_a_token_with_a_bias_counts_as_that_many_of_its_kind():
    torch.manual_seed(0)
    attention = Attention(8, 2, dropout=0.0)
    x, context = torch.randn(3, 4, 8), torch.randn(3, 5, 8)
    bias = torch.tensor([0.0] * 4 + log_counts(7, torch.float32))
    repeated = torch.cat([context, context[:, -1:].expand(-1, 6, -1)], dim=1)
    torch.testing.assert_close(attention(x, context, bias=bias), attention(x, repeated))
