"""What every prior offers: a loss on latents and sampling under a condition."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Generator, Tensor, nn

from expressionvae.nn.dit import DiT
from expressionvae.tensors import Condition, Loss


@dataclass(frozen=True)
class LatentShape:
    """What a prior needs to know of the latents that it is to model.

    Attributes:
        width: of the trunk.
        tokens: latent tokens L of a cell.
        codes: codebook size K; 0 for Gaussian latents.
        mean, std: [channel] moments of the Gaussian latents of the training cells.
    """

    width: int
    tokens: int
    codes: int
    mean: Tensor
    std: Tensor


class Prior(nn.Module, ABC):
    """A generative model of a cell's latents under a condition; it never sees a gene.

    Paper section 3.2. A new prior is a file beside this one and a card in `catalogue/priors.py`.
    """

    bottleneck: ClassVar[str]  # the kind of latents it models: "fsq" or "gaussian"
    trunk: DiT

    @classmethod
    @abstractmethod
    def build(cls, trunk: DiT, latents: LatentShape, options: Mapping[str, Any]) -> "Prior":
        """A prior with fresh weights around `trunk`; `options` are the prior's entry in the config, less its kind and
        what sampling alone depends on."""

    @abstractmethod
    def loss(self, latents: Tensor, condition: Condition) -> Loss:
        """Training loss of codes [cell token] or Gaussian latents [cell token channel]."""

    @abstractmethod
    def sample(self, condition: Condition, generator: Generator, **options: int | float) -> Tensor:
        """One cell's latents for every row of the condition; `options` are those that training does not depend on."""
