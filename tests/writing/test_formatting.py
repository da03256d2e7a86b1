import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expressionvae.writing.formatting import DASH, fixed, four_digits, printed_as, small_error


@pytest.mark.parametrize("value,text", [(7.9688, "7.969"), (0.0003, "0.0003"), (-0.00004, "-0.00004"), (0.0, "0.000")])
def test_small_numbers_do_not_become_zero(value, text):
    assert fixed(value, 3) == text


def test_rounding_noise_is_zero():
    assert fixed(-1e-17, 3) == "0.000"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_a_dash(value):
    assert fixed(value, 3) == four_digits(value) == small_error(value) == DASH


@pytest.mark.parametrize(
    "value,text",
    [
        (7.868, "7.868"),
        (11.975, "11.97"),
        (34.4, "34.40"),
        (100.25, "100.2"),
        (9.99951, "10.00"),
        (1247.68, "1248"),
    ],
)
def test_figure_2_prints_four_digits(value, text):
    assert four_digits(value) == text


@pytest.mark.parametrize("value,text", [(0.0003, "0.0003"), (0.012, "0.012"), (0.38, "0.380"), (4.54, "4.54")])
def test_figure_2_prints_errors_like_the_paper(value, text):
    assert small_error(value) == text


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_text_is_a_dash_or_close_to_the_number(value):
    text = fixed(value, 3)
    assert text == DASH if not math.isfinite(value) else abs(float(text) - value) <= 0.00051


@pytest.mark.parametrize(
    "value,text",
    [
        (0.0006, "6 x 10^-4"), (2e-6, "2 x 10^-6"), (0.00025, "2.5 x 10^-4"), (0.1, "0.1"), (1.0, "1.0"), (0.0, "0.0"),
        (75000, "75,000"), (None, "none"), (True, "yes"), (False, "no"), ([8, 8, 4], "8, 8, 4"), ("esm2", "esm2"),
    ],
)  # fmt: skip
def test_settings_are_printed_as_in_the_papers_tables(value, text):
    assert printed_as(value) == text


@given(st.floats(1e-12, 0.0099))
def test_a_small_setting_keeps_its_value(value):
    assert float(printed_as(value).replace(" x 10^", "e")) == value
