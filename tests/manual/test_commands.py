"""The page of commands and the Makefile know the same targets."""

from expressionvae.manual import commands
from tests.conftest import REPOSITORY


def test_the_makefile_tells_of_every_target_and_of_no_other():
    told = commands.make_targets(REPOSITORY / "Makefile")
    assert sorted(told) == sorted(commands.phony_targets(REPOSITORY / "Makefile"))
    assert all(told.values())


def test_a_target_told_beside_another_has_a_line_of_its_own():
    told = commands.make_targets(REPOSITORY / "Makefile")
    assert told["test"] == "all tests" and told["quick"].startswith("those that take less than a minute")
