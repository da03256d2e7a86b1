import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expressionvae.paper.claims.evidence import Number
from expressionvae.paper.claims.verdict import Verdict, compare, of_signs

VALUES = st.floats(0.1, 10)


def printed(mean: float, se: float = math.nan) -> Number:
    return Number(mean, se, 4 if math.isfinite(se) else 0, printed=True)


def test_the_difference_is_in_combined_standard_errors():
    difference = compare(Number(5.2, 0.03, 4), Number(4.67, 0.04, 4), "pds")
    assert difference.ses == pytest.approx(0.53 / 0.05)
    assert difference.sign == 1


@pytest.mark.parametrize("ses,sign", [(2.4, 0), (2.5, 1)])  # Student's 97.5% point at 6 degrees of freedom: 2.447
def test_four_replicates_a_side_need_2_45_standard_errors(ses, sign):
    assert compare(Number(1 + ses * 0.01 * 2**0.5, 0.01, 4), Number(1.0, 0.01, 4), "pds").sign == sign


def test_comparisons_that_share_a_verdict_need_more():
    pair = (Number(1.04, 0.01, 4), Number(1.0, 0.01, 4))  # 2.83 SE
    assert compare(*pair, "pds").sign == 1
    assert compare(*pair, "pds", shared=5).sign == 0


@given(VALUES, VALUES, st.sampled_from(["fd", "pds"]))
def test_turning_the_pair_turns_the_sign(a, b, metric):
    first, second = Number(a, 0.01, 4), Number(b, 0.02, 4)
    there, back = compare(first, second, metric), compare(second, first, metric)
    assert (there.sign, there.gain) == ((-back).sign, pytest.approx(-back.gain))


def test_lower_is_better_for_a_distance():
    assert compare(Number(1.0, 0.01, 4), Number(2.0, 0.01, 4), "fd").sign == 1
    assert compare(Number(1.0, 0.01, 4), Number(2.0, 0.01, 4), "pds").sign == -1


def test_one_replicate_or_identical_replicates_leave_noise_unknown():
    assert compare(Number(1.0, math.nan, 1), Number(9.0, 0.1, 4), "pds").sign is None
    assert compare(Number(1.0, 0.0, 4), Number(9.0, 0.0, 4), "pds").sign is None


def test_a_printed_number_without_error_has_that_of_its_fellow():
    assert compare(printed(1.05), printed(1.0, 0.03), "pds").ses == pytest.approx(0.05 / (0.03 * 2**0.5))


def test_two_printed_numbers_without_error_are_exact():
    assert compare(printed(1.001), printed(1.0), "pds").sign == 1
    assert compare(printed(1.0), printed(1.0), "pds").sign == 0


@pytest.mark.parametrize(
    "signs,said",
    [([1, 1], "HOLDS"), ([1, -1], "FAILS"), ([1, 0], "OPEN"), ([None], "OPEN"), ([None, -1], "FAILS"), ([], "OPEN")],
)
def test_one_comparison_the_other_way_refutes_and_all_confirm(signs, said):
    assert of_signs(signs) is Verdict[said]
