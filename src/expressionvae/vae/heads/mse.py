"""mse: regression of log values, with no stochastic step."""

import torch.nn.functional as F
from torch import Generator, nn

from expressionvae.tensors import Counts, GeneStates, Library, Loss, SizeFactor, Values
from expressionvae.vae.heads.base import Head, log_normalise


class MeanSquaredError(Head):
    """Mean squared error on log1p-normalised values, p(x | h) = N(mu, 1) (paper section 3.1)."""

    rules = ("mean",)

    def __init__(self, width: int):
        super().__init__()
        self.output = nn.Linear(width, 1)

    def values(self, counts: Counts, size_factor: SizeFactor) -> Values:
        return log_normalise(counts, size_factor)

    def loss(self, states: GeneStates, counts: Counts, size_factor: SizeFactor) -> Loss:
        predicted = self.output(states).squeeze(-1).float()  # [cell gene]
        return F.mse_loss(predicted, self.values(counts, size_factor))

    def predict(self, states: GeneStates, panel_library: Library, rule: str, generator: Generator) -> Values:
        assert rule in self.rules
        return self.output(states).squeeze(-1).float().clamp(min=0).expm1()
