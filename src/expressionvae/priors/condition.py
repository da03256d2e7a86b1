"""The condition of a cell: its perturbation and its cell type, added."""

import torch
from torch import Tensor, nn

from expressionvae.tensors import Condition, Labels


class ConditionEmbedding(nn.Module):
    """Projected perturbation embedding plus a learned cell-type embedding (paper section 3.2 and Table 3).

    Args:
        embedding: one row a perturbation, zeros for the control; of width 0, a table is learned in its place
            (the paper's way for cytokines), in which the control stays zero.
        control: row of the control.
        standardise: bring every dimension of the embedding to mean 0 and variance 1 over the perturbations that
            have one; protein language models' means differ little between proteins beside what they share.
    """

    embedding: Tensor

    def __init__(self, embedding: Tensor, control: int, cell_types: int, width: int, standardise: bool):
        super().__init__()
        self.cell_type = nn.Embedding(cell_types, width)
        # As DiT starts its label embeddings. Larger, and the cell type drowns the perturbation: the held-out cell type,
        # of which only controls are seen, is then predicted as control whatever the perturbation.
        nn.init.normal_(self.cell_type.weight, std=0.02)
        perturbations, given = embedding.shape
        self.table = None if given else nn.Embedding(perturbations, width, padding_idx=control)
        self.project = nn.Sequential(nn.Linear(given or width, width), nn.SiLU(), nn.Linear(width, width))
        self.register_buffer("embedding", standardised(embedding) if standardise and given else embedding)

    def forward(self, perturbation: Labels, cell_type: Labels) -> Condition:
        known = self.embedding[perturbation] if self.table is None else self.table(perturbation)
        return self.project(known) + self.cell_type(cell_type)  # [cell width]


def standardised(embedding: Tensor) -> Tensor:
    """Mean 0 and variance 1 of every column over the rows that are not all zero, which stay zero."""
    known = (embedding != 0).any(1)
    if known.sum() < 2:
        return embedding
    rows = embedding[known]
    result = torch.zeros_like(embedding)
    result[known] = (rows - rows.mean(0)) / rows.std(0).clamp(min=1e-6)
    return result
