import torch
from hypothesis import given
from hypothesis import strategies as st

from expressionvae.training.plan import Order, Plan, split


def plan(**changes) -> Plan:
    rest = dict(batch_size=4, learning_rate=1e-3, weight_decay=0.0, clip=1.0, validation_fraction=0.1)
    every = dict(validate_every=10, log_every=5, checkpoint_every=10, compile=None)
    return Plan(**{"iterations": 100, "warmup": 10, **rest, **every, **changes})


def test_the_rate_rises_to_its_peak_and_falls_to_zero():
    rates = [plan().rate(step) for step in range(101)]
    assert rates[:10] == sorted(rates[:10]) and max(rates) == rates[9] == 1.0
    assert rates[10:] == sorted(rates[10:], reverse=True) and rates[100] == 0.0


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


@given(st.integers(2, 200), st.floats(0.001, 0.9), st.integers(0, 3))
def test_the_validation_cells_are_never_trained_on(cells, fraction, seed):
    training, apart = split(cells, fraction, seed)
    assert len(training) and len(apart)
    assert torch.cat([training, apart]).sort().values.tolist() == list(range(cells))
