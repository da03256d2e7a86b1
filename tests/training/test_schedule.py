import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from expressionvae.training.schedule import Order, Schedule, seed_of


def schedule(**changes) -> Schedule:
    rest = dict(batch_size=4, learning_rate=1e-3, weight_decay=0.0, clip=1.0)
    every = dict(validate_every=10, log_every=5, checkpoint_every=10, compile=None)
    return Schedule(**{"iterations": 100, "warmup": 10, **rest, **every, **changes})


def test_the_rate_rises_to_its_peak_and_falls_to_zero():
    rates = [schedule().rate(step) for step in range(101)]
    assert rates[:11] == pytest.approx([step / 10 for step in range(11)]) and max(rates) == 1.0
    assert rates[10:] == sorted(rates[10:], reverse=True) and rates[55] == pytest.approx(0.5) and rates[100] == 0.0


def test_without_a_warm_up_the_rate_starts_at_its_peak():
    assert schedule(warmup=0).rate(0) == 1.0


@given(st.integers(1, 50), st.integers(1, 70), st.integers(0, 5))
def test_an_epoch_shows_every_cell_once(cells, batch_size, seed):
    order = Order(torch.arange(cells) + 7, batch_size, seed)
    seen = torch.cat([order.batch(step) for step in range(cells)])  # batch_size epochs
    assert seen[: cells * (len(seen) // cells)].view(-1, cells).sort(1).values.eq(torch.arange(cells) + 7).all()


def test_a_batch_depends_on_its_step_alone():
    walked, jumped = (Order(torch.arange(33), 8, seed=1) for _ in range(2))
    for step in range(20):
        batch = walked.batch(step)
    assert torch.equal(batch, jumped.batch(19))


def test_batches_have_seeds_of_their_own():
    seeds = {seed_of(seed, number) for seed in range(10) for number in range(100)}
    assert len(seeds) == 1000 and all(0 <= seed < 2**63 for seed in seeds)
