"""Fixtures that every test may ask for."""

from pathlib import Path

import pytest
from hypothesis import settings

from expressionvae import arithmetic

REPOSITORY = Path(__file__).resolve().parents[1]

arithmetic.settle()  # what is compared to the bit here is made as jobs make it
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
