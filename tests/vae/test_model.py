from dataclasses import replace
from unittest.mock import patch

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from expressionvae.catalogue.heads import HEADS
from expressionvae.vae.build import build
from expressionvae.vae.model import Decoder, Encoder
from tests.vae.conftest import FSQ, GAUSSIAN


def some_cells(cells: int = 8) -> tuple[torch.Tensor, torch.Tensor]:
    """Counts, and size factors: half a cell's genes are seen here, and the median library is 100."""
    counts = torch.poisson(torch.full((cells, 20), 2.0), generator=torch.Generator().manual_seed(3))
    return counts, counts.sum(1) * 2 / 100


def trained(blueprint, steps: int):
    torch.manual_seed(0)
    model = build(blueprint)
    optimiser = torch.optim.AdamW(model.parameters(), 4e-3)
    # To 0 at the end: at a constant rate the last steps still move codes, and where they stop differs between machines.
    rate = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, steps)
    losses = []
    for _ in range(steps):
        loss, penalty = model(*some_cells())
        optimiser.zero_grad()
        (loss + penalty).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        rate.step()
        losses.append(loss.item())
    return model.eval(), losses


@pytest.mark.slow
@pytest.mark.parametrize("bottleneck", [FSQ | {"normalise": True}, GAUSSIAN], ids=["fsq", "gaussian"])
def test_it_overfits_eight_cells(of_each_head, bottleneck):
    steps = 800 if bottleneck == GAUSSIAN else 400  # its noise has to shrink first
    model, losses = trained(replace(of_each_head, bottleneck=bottleneck), steps)
    if HEADS[of_each_head.head].takes_library:  # a likelihood of counts has a floor above zero: compare the means
        counts, size_factor = some_cells()
        means = model.decode(model.encode(counts, size_factor), counts.sum(1), "mean", torch.Generator())
        assert torch.corrcoef(torch.stack([means.flatten(), counts.flatten()]))[0, 1] > 0.75  # gene means alone: 0.3
    else:
        assert losses[-1] < 0.2 * losses[0]


def test_latents_have_the_bottleneck_s_shape(blueprint):
    codes = build(blueprint).eval().encode(*some_cells())
    assert codes.shape == (8, 4) and codes.dtype == torch.int64
    means = build(replace(blueprint, bottleneck=GAUSSIAN)).eval().encode(*some_cells())
    assert means.shape == (8, 4, 3)


def test_without_slot_embedding_the_order_of_codes_means_nothing(blueprint):
    codes = torch.tensor([[1, 200, 33, 4]])
    for slots in (True, False):
        torch.manual_seed(0)
        model = build(replace(blueprint, size=blueprint.size | {"slot_embedding": slots})).eval()
        states = [model.decoder(model.bottleneck.expand(c), model.genes) for c in (codes, codes.flip(1))]
        assert torch.allclose(*states, atol=1e-5) != slots


def test_the_same_seed_decodes_the_same_cells(of_each_head):
    torch.manual_seed(0)
    model = build(of_each_head).eval()
    codes, library = torch.tensor([[1, 2, 3, 4]]), torch.tensor([40.0])
    rule = model.head.rules[0]
    draws = [model.decode(codes, library, rule, torch.Generator().manual_seed(7)) for _ in range(2)]
    assert torch.equal(*draws)


def sparse_cells(cells: int, genes: int, share: float, seed: int) -> torch.Tensor:
    """Values of which about `share` are not 0."""
    random = torch.Generator().manual_seed(seed)
    counts = torch.poisson(torch.full((cells, genes), 3.0), generator=random) + 1
    return (counts * (torch.rand(cells, genes, generator=random) < share)).log1p()


def encoder_and_genes(context_norm: bool, genes: int) -> tuple[Encoder, torch.Tensor]:
    torch.manual_seed(0)
    encoder = Encoder(16, 2, 32, blocks=2, dropout=0.0, tokens=4, context_norm=context_norm)
    for parameter in encoder.parameters():  # far from the small weights of the start, at which every gene is alike
        torch.nn.init.normal_(parameter, std=0.4)
    return encoder, torch.randn(genes, 16, requires_grad=True)


def states_and_gradients(encoder: Encoder, values: torch.Tensor, genes: torch.Tensor) -> list[torch.Tensor]:
    states = encoder(values, genes)
    weights = [genes, *encoder.parameters()]
    return [states, *torch.autograd.grad(states.square().sum(), weights)]


@given(
    cells=st.integers(1, 5),
    genes=st.integers(2, 60),
    share=st.floats(0, 1),
    norm=st.booleans(),
    seed=st.integers(0, 99),
)
def test_genes_of_value_zero_as_one_token_change_neither_states_nor_gradients(cells, genes, share, norm, seed):
    encoder, table = encoder_and_genes(norm, genes)
    values = sparse_cells(cells, genes, share, seed)
    merged = states_and_gradients(encoder, values, table)
    with patch.object(Encoder, "_may_merge", return_value=False):
        plain = states_and_gradients(encoder, values, table)
    for one, other in zip(merged, plain, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-3)


def tokens_seen(encoder: Encoder, values: torch.Tensor, genes: torch.Tensor) -> int:
    """How many keys the first block makes."""
    seen = []
    hook = encoder.blocks[0].cross_attention.key_value.register_forward_hook(
        lambda _, x, __: seen.append(x[0].shape[1])
    )
    encoder(values, genes)
    hook.remove()
    return seen[0]


def test_the_encoder_makes_keys_for_as_many_genes_as_the_richest_cell_expresses_and_one_token_for_the_others():
    encoder, genes = encoder_and_genes(True, 200)
    values = sparse_cells(6, 200, 0.2, 0)
    assert tokens_seen(encoder, values, genes) == (values != 0).sum(1).max() + 1
    encoder.dropout = 0.1  # each gene has a draw of its own
    assert tokens_seen(encoder.train(), values, genes) == 200
    assert tokens_seen(encoder.eval(), values, genes) < 200


def test_a_cell_without_a_count_is_encoded():
    encoder, genes = encoder_and_genes(False, 50)
    assert encoder(torch.zeros(2, 50), genes).isfinite().all()


def test_a_compiled_encoder_has_the_same_number_of_tokens_for_every_batch():
    encoder, genes = encoder_and_genes(True, 200)
    with patch("torch.compiler.is_compiling", return_value=True):
        assert tokens_seen(encoder.eval(), sparse_cells(6, 200, 0.2, 0), genes) == 200


def test_merging_is_as_exact_in_bfloat16_as_bfloat16_is():
    encoder, genes = encoder_and_genes(True, 2000)
    values = sparse_cells(4, 2000, 0.2, 0)
    exact = encoder(values, genes)
    with torch.autocast("cpu", torch.bfloat16):
        merged = encoder(values, genes)
        with patch.object(Encoder, "_may_merge", return_value=False):
            plain = encoder(values, genes)
    assert (merged - exact).square().mean() < 1.5 * (plain - exact).square().mean()


def decoder_and_genes(dropout: float, self_attention: bool) -> tuple[Decoder, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    decoder = Decoder(16, 2, 32, 2, dropout, tokens=4, self_attention=self_attention, slot_embedding=True)
    return decoder, torch.randn(5, 4, 16), torch.randn(30, 16, requires_grad=True)


def decoded(decoder: Decoder, tokens: torch.Tensor, genes: torch.Tensor) -> list[torch.Tensor]:
    states = decoder(tokens, genes)
    return [states, *torch.autograd.grad(states.square().sum(), [genes, *decoder.parameters()])]


@pytest.mark.parametrize("self_attention", [True, False])
def test_what_is_the_same_for_every_cell_is_decoded_once_and_to_the_same_states_and_gradients(self_attention):
    decoder, tokens, genes = decoder_and_genes(0.0, self_attention)
    rows = []
    first = decoder.blocks[0].cross_attention.query
    hook = first.register_forward_hook(lambda _, inputs, __: rows.append(len(inputs[0])))
    once = decoded(decoder, tokens, genes)
    hook.remove()
    first.register_forward_pre_hook(lambda _, inputs: (inputs[0].expand(5, -1, -1).contiguous(),))
    if self_attention:
        decoder.blocks[0].self_norm.register_forward_pre_hook(lambda _, x: (x[0].expand(5, -1, -1).contiguous(),))
    each = decoded(decoder, tokens, genes)
    assert rows == [1]
    for one, other in zip(once, each, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


def test_dropout_is_drawn_for_each_cell_also_where_the_first_block_sees_the_same_genes():
    decoder, tokens, genes = decoder_and_genes(0.5, True)
    same = tokens[:1].expand(5, -1, -1)
    decoder.blocks = decoder.blocks[:1]
    decoder.blocks[0].cross_attention.dropout = 0.0
    for dropout in (module for module in decoder.modules() if isinstance(module, torch.nn.Dropout)):
        dropout.p = 0.0
    states = decoder.train()(same, genes)
    assert not torch.allclose(states[0], states[1])
