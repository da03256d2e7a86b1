"""Fixtures that every test may ask for."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings

from expressionvae import arithmetic, console

REPOSITORY = Path(__file__).resolve().parents[1]

console.show_messages()  # as a job does
arithmetic.make_reproducible()  # what is compared to the bit here is made as jobs make it
# Started in the background, or by nohup, a process ignores these, and so do those that it starts: tests send them.
for _number, _usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _usual)

settings.register_profile("facts", deadline=None)  # a busy machine makes no fact false
settings.load_profile("facts")


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real screens that lies beside a developer's checkout; on a user's machine the test skips."""
    folder = REPOSITORY.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs ../shared (real screens), which lies beside a developer's checkout only")
    return folder
