"""What every output head offers; a new head is a file beside this one and a card in `catalogue/heads.py`."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Generator, Tensor, nn

from expressionvae.tensors import Counts, GeneStates, Library, Loss, SizeFactor, Values


class Head(nn.Module, ABC):
    """An output likelihood: what the encoder is shown, the loss, and how expression is predicted.

    Paper section 3.1, "Output heads". `size_factor` is the cell's library on the full gene panel of the source, over
    the median of the file that it comes from; `panel_library` is its sum over the genes of the model.
    """

    rules: ClassVar[tuple[str, ...]]  # the predict rules that make sense: "sample", "mean"

    @classmethod
    def build(cls, width: int, genes: int, bins: Mapping[str, list[Any]], options: Mapping[str, Any]) -> "Head":
        """A head with fresh weights.

        Args:
            width: of the gene states.
            genes: their number.
            bins: "lower" edges and "means" of the count bins.
            options: the head's entry in the config.
        """
        return cls(width, **options)

    @abstractmethod
    def values(self, counts: Counts, size_factor: SizeFactor) -> Values:
        """What the encoder sees of each gene."""

    @abstractmethod
    def loss(self, states: GeneStates, counts: Counts, size_factor: SizeFactor) -> Loss:
        """The training loss, averaged over cells."""

    @abstractmethod
    def predict(self, states: GeneStates, panel_library: Library, rule: str, generator: Generator) -> Values:
        """Expression on the linear scale: counts, or expm1 of a log value, never negative."""


def log_normalise(counts: Tensor, size_factor: Tensor) -> Tensor:
    """log1p of counts over size factors: every cell's full-panel library is then the median of its file's.

    That is scanpy's `normalize_total` without a target, then `log1p`, of each file by itself: the authors' way.
    """
    return (counts / size_factor[:, None]).log1p()
