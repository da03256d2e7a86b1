import pytest
import torch

from expressionvae.nn.dit import DiT
from tests.nn.test_dit import AUTHORS, PEEBLES

TOKENS, CODES, WIDTH = 6, 11, 16


@pytest.fixture(params=[AUTHORS, PEEBLES], ids=["authors", "Peebles & Xie"])
def trunk(request) -> DiT:
    """A small trunk whose gates are open, as after some training."""
    torch.manual_seed(0)
    trunk = DiT(WIDTH, 2, 2, 32, dropout=0.0, outputs=CODES, **request.param)
    for parameter in trunk.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return trunk.eval()


@pytest.fixture
def codes() -> torch.Tensor:
    return torch.randint(CODES, (4, TOKENS), generator=torch.Generator().manual_seed(1))


@pytest.fixture
def condition() -> torch.Tensor:
    return torch.randn(4, WIDTH, generator=torch.Generator().manual_seed(2))
