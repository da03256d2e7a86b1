"""hurdle: a gate that says whether a gene is expressed, and a magnitude where it is."""

import torch
import torch.nn.functional as F
from torch import Generator, nn

from expressionvae.nn import shared_batch
from expressionvae.tensors import Counts, GeneStates, Library, Loss, SizeFactor, Values
from expressionvae.vae.heads.base import Head, log_normalise


class Hurdle(Head):
    """Bernoulli gate and regressed magnitude on log1p-normalised values (Finak et al. 2015; paper section 3.1).

    The loss is gate_weight * BCE(gate) + MSE of the magnitude on non-zero entries; the gate is sampled and the
    magnitude emitted as it is.
    """

    rules = ("sample",)

    def __init__(self, width: int, gate_weight: float):
        super().__init__()
        self.outputs = nn.Linear(width, 2)
        self.gate_weight = gate_weight

    def values(self, counts: Counts, size_factor: SizeFactor) -> Values:
        return log_normalise(counts, size_factor)

    def loss(self, states: GeneStates, counts: Counts, size_factor: SizeFactor) -> Loss:
        gate, magnitude = self.outputs(states).float().unbind(-1)  # [cell gene] each
        expressed = (counts > 0).float()  # [cell gene]
        error = (magnitude - self.values(counts, size_factor)).square()  # [cell gene]
        entries = expressed.sum()
        # Only a training is shared: validation runs in one process, where the others would not answer.
        entries = shared_batch.mean(entries) if self.training else entries
        regression = (error * expressed).sum() / entries.clamp(min=1)
        return self.gate_weight * F.binary_cross_entropy_with_logits(gate, expressed) + regression

    def predict(self, states: GeneStates, panel_library: Library, rule: str, generator: Generator) -> Values:
        assert rule in self.rules
        gate, magnitude = self.outputs(states).float().unbind(-1)  # [cell gene] each
        expressed = torch.bernoulli(gate.sigmoid(), generator=generator)  # [cell gene]
        return expressed * magnitude.clamp(min=0).expm1()
