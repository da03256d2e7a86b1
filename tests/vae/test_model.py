from dataclasses import replace

import pytest
import torch

from expressionvae.vae.build import build
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
    if of_each_head.head == "nb":  # the likelihood of counts has a floor above zero: compare the predicted means
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
