"""ce: a categorical over the bins of the counts; sampled at inference, it is the paper's ce-quant."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from expressionvae.tensors import Counts, GeneStates, Library, Loss, SizeFactor, Values
from expressionvae.vae.heads.base import Head


class CrossEntropy(Head):
    """Cross-entropy over count bins, mean over genes; one multinomial draw a gene (paper section 3.1).

    Args:
        lower: lower edge of each bin, ascending from 0.
        means: conditional mean of the training counts in each bin, what a drawn bin becomes again; with the rule
            sample-midpoint it becomes the middle of the bin's counts (of the last bin, its lower edge) instead.
    """

    rules = ("sample", "sample-midpoint")
    edges: Tensor
    means: Tensor
    midpoints: Tensor

    def __init__(self, width: int, lower: list[int], means: list[float]):
        super().__init__()
        self.logits = nn.Linear(width, len(lower))
        self.register_buffer("edges", torch.tensor(lower[1:], dtype=torch.float32), persistent=False)
        self.register_buffer("means", torch.tensor(means, dtype=torch.float32), persistent=False)
        # The last bin has no upper end: its lower edge.
        middle = [(low + high - 1) / 2 for low, high in pairwise(lower)]
        self.register_buffer("midpoints", torch.tensor([*middle, lower[-1]], dtype=torch.float32), persistent=False)

    @classmethod
    def build(cls, width: int, genes: int, bins: Mapping[str, list[Any]], options: Mapping[str, Any]) -> Head:
        return cls(width, bins["lower"], bins["means"], **options)

    def values(self, counts: Counts, size_factor: SizeFactor) -> Values:
        return self._bins(counts).to(counts.dtype).log1p()  # [cell gene]

    def loss(self, states: GeneStates, counts: Counts, size_factor: SizeFactor) -> Loss:
        logits = self.logits(states).float()  # [cell gene bin]
        return F.cross_entropy(logits.flatten(0, 1), self._bins(counts).flatten())

    def predict(self, states: GeneStates, panel_library: Library, rule: str, generator: Generator) -> Values:
        assert rule in self.rules
        cumulated = self.logits(states).float().softmax(-1).cumsum(-1)  # [cell gene bin]
        uniform = torch.rand(cumulated.shape[:2], generator=generator, device=cumulated.device)  # [cell gene]
        # The last edge is left out: rounding may keep the cumulated chance just below 1.
        drawn = (cumulated[..., :-1] <= uniform[..., None]).sum(-1)  # [cell gene]
        return (self.means if rule == "sample" else self.midpoints)[drawn]

    def _bins(self, counts: Counts) -> Tensor:
        return torch.bucketize(counts, self.edges, right=True)
