"""What every prior offers: a loss on latents and sampling under a condition."""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Generator, Tensor, nn

from expressionvae.nn.dit import DiT
from expressionvae.tensors import Condition, Loss


class Prior(nn.Module, ABC):
    """A generative model of a cell's latents under a condition; it never sees a gene.

    Paper section 3.2. A new prior is a file beside this one, a line in `build.py` and a kind in `grid.py`.
    """

    bottleneck: ClassVar[str]  # the kind of latents it models: "fsq" or "gaussian"
    trunk: DiT

    @abstractmethod
    def loss(self, latents: Tensor, condition: Condition) -> Loss:
        """Training loss of codes [cell token] or Gaussian latents [cell token channel]."""

    @abstractmethod
    def sample(self, condition: Condition, generator: Generator, **options: int) -> Tensor:
        """One cell's latents for every row of the condition; `options` are those that training does not depend on."""
