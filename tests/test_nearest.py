"""What was probably meant by a name that is not known."""

import pytest

from expressionvae.nearest import did_you_mean, nearest


@pytest.mark.parametrize(
    ("name", "meant"),
    [("batch_colum", "batch_column"), ("DONOR", "donor"), ("doner", "donor"), ("plate", None), ("", None)],
)
def test_the_name_that_is_spelled_most_alike_is_meant(name, meant):
    assert nearest(name, ["batch_column", "donor"]) == meant


def test_a_hint_follows_a_message():
    assert did_you_mean("doner", ["donor"]) == "; did you mean 'donor'?"
    assert did_you_mean("plate", ["donor"]) == "" == did_you_mean("plate", [])
