import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expressionvae.files import UserError
from expressionvae.metrics.richness import RICHNESS_COLUMNS, chosen_rows, richness


def measured(draws: list) -> dict[str, float]:
    return {row["metric"]: row["value"] for row in richness(draws, rescale_to=10_000)}


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 9), st.integers(0, 10_000))
def test_a_deterministic_decoder_has_exactly_no_richness(draws, seed):
    cells = np.random.default_rng(seed).gamma(0.3, 2.0, (5, 7)).astype(np.float32)
    values = measured([cells] * draws)
    assert values["spread"] == 0 and values["entropy"] == 0


def test_the_order_of_draws_does_not_matter():
    draws = list(np.random.default_rng(0).poisson(2.0, (6, 5, 7)).astype(np.float32))
    forwards, backwards = measured(draws), measured(draws[::-1])
    assert forwards == pytest.approx(backwards, rel=1e-12)


def test_spread_is_the_variance_of_the_log_values_by_hand():
    # two genes, one cell; rescaled to 10,000: (10000, 0) and (5000, 5000)
    first, second = np.array([[4.0, 0.0]]), np.array([[1.0, 1.0]])
    gene_a = (np.log1p(10_000) - np.log1p(5_000)) ** 2 / 2
    gene_b = np.log1p(5_000) ** 2 / 2
    assert measured([first, second])["spread"] == pytest.approx((gene_a + gene_b) / 2, rel=1e-6)


def test_spread_grows_with_the_width_of_the_distribution():
    rng, mean = np.random.default_rng(0), 4.0
    spreads = []
    for theta in (100.0, 2.0, 0.5):  # negative binomial: smaller theta, wider
        rate = rng.gamma(theta, mean / theta, (8, 60, 50))
        spreads.append(measured(list(rng.poisson(rate).astype(np.float32)))["spread"])
    assert spreads == sorted(spreads) and spreads[0] > 0


def test_entropy_of_a_fair_coin_is_one_bit_and_of_a_continuous_draw_its_ceiling():
    coin = [np.full((3, 4), float(side)) for side in (1, 2, 1, 2)]
    assert measured(coin)["entropy"] == pytest.approx(1.0)
    continuous = list(np.random.default_rng(0).random((8, 3, 4)))
    assert measured(continuous)["entropy"] == pytest.approx(3.0)


def test_zeros_are_counted_over_all_draws():
    assert measured([np.array([[0.0, 1.0]]), np.array([[0.0, 0.0]])])["zero_fraction"] == 0.75


def test_rows_say_how_much_was_drawn():
    rows = richness([np.ones((5, 3))] * 4, rescale_to=1e4)
    assert [set(row) for row in rows] == [set(RICHNESS_COLUMNS)] * 3
    assert {(row["n_cells"], row["n_draws"]) for row in rows} == {(5, 4)}


@given(st.integers(1, 500), st.integers(1, 300))
def test_chosen_rows_are_distinct_and_span_the_cells(cells, wanted):
    rows = chosen_rows(cells, wanted)
    assert len(rows) == min(cells, wanted) and (np.diff(rows) > 0).all()
    assert rows[0] == 0 and (wanted == 1 or rows[-1] == cells - 1)


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_draws_that_are_not_finite_have_no_richness(odd):
    with pytest.raises(UserError, match="not finite: its training diverged"):
        measured([np.ones((2, 3)), np.array([[1.0, 2.0, odd]] * 2)])
