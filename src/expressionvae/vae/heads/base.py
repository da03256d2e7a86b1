"""What every output head offers; a new head is a file beside this one and a line in `__init__`."""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Generator, Tensor, nn

from expressionvae.tensors import Counts, GeneStates, Library, Loss, Values


class Head(nn.Module, ABC):
    """An output likelihood: what the encoder is shown, the loss, and how expression is predicted.

    Paper section 3.1, "Output heads". `full_library` is the cell's library on the full gene panel of the
    source, `panel_library` its sum over the genes of the model.
    """

    rules: ClassVar[tuple[str, ...]]  # the predict rules that make sense: "sample", "mean"

    @abstractmethod
    def values(self, counts: Counts, full_library: Library) -> Values:
        """What the encoder sees of each gene."""

    @abstractmethod
    def loss(self, states: GeneStates, counts: Counts, full_library: Library) -> Loss:
        """The training loss, averaged over cells."""

    @abstractmethod
    def predict(self, states: GeneStates, panel_library: Library, rule: str, generator: Generator) -> Values:
        """Expression on the linear scale: counts, or expm1 of a log value, never negative."""


def log_normalise(counts: Tensor, full_library: Tensor, target: float) -> Tensor:
    """log1p of counts rescaled so that every cell's full-panel library is `target` (scanpy's normalize_total)."""
    return (counts * (target / full_library.clamp(min=1))[:, None]).log1p()
