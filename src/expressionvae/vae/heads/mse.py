"""mse: regression of log values, with no stochastic step."""

import torch.nn.functional as F
from torch import Generator, nn

from expressionvae.tensors import Counts, GeneStates, Library, Loss, Values
from expressionvae.vae.heads.base import Head, log_normalise


class MeanSquaredError(Head):
    """Mean squared error on log1p-normalised values, p(x | h) = N(mu, 1) (paper section 3.1).

    Args:
        target: library size to which cells are normalised: the median of the training cells' full libraries.
    """

    rules = ("mean",)

    def __init__(self, width: int, target: float):
        super().__init__()
        self.output = nn.Linear(width, 1)
        self.target = target

    def values(self, counts: Counts, full_library: Library) -> Values:
        return log_normalise(counts, full_library, self.target)

    def loss(self, states: GeneStates, counts: Counts, full_library: Library) -> Loss:
        predicted = self.output(states).squeeze(-1).float()  # [cell gene]
        return F.mse_loss(predicted, self.values(counts, full_library))

    def predict(self, states: GeneStates, panel_library: Library, rule: str, generator: Generator) -> Values:
        assert rule in self.rules
        return self.output(states).squeeze(-1).float().clamp(min=0).expm1()
