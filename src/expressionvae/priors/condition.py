"""The condition of a cell: its perturbation and its cell type, added."""

import torch
from torch import Tensor, nn

from expressionvae.nn.embedding import table
from expressionvae.tensors import Condition, Labels


class ConditionEmbedding(nn.Module):
    """A perturbation's vector plus a learned cell-type embedding (paper section 3.2 and Table 3).

    The perturbation's vector is one linear layer of its embedding, or a row of a learned table (the paper's way for
    cytokines), in which the control is a row like any other. Cell types start small: larger, and the cell type drowns
    the perturbation, so that the held-out cell type, of which only controls are seen, is predicted as control
    whatever the perturbation.

    Args:
        embedding: one row a perturbation, zeros for the control; of width 0, a table is learned in its place.
        control: row of the control.
        standardise: bring every dimension of the embedding to mean 0 and variance 1 over the perturbations that
            have one; protein language models' means differ little between proteins beside what they share.
        two_layers: two layers with SiLU between, after a table too, in place of the authors' one or none.
        zero_control: in a learned table the control stays zero.
    """

    embedding: Tensor

    def __init__(
        self,
        embedding: Tensor,
        control: int,
        cell_types: int,
        width: int,
        *,
        standardise: bool,
        two_layers: bool,
        zero_control: bool,
    ):
        super().__init__()
        self.cell_type = table(cell_types, width)
        perturbations, given = embedding.shape
        still = control if zero_control else None
        self.table = None if given else nn.Embedding(perturbations, width, padding_idx=still)
        self.project = projection(given, width, two_layers)
        self.register_buffer("embedding", standardised(embedding) if standardise and given else embedding)

    def forward(self, perturbation: Labels, cell_type: Labels) -> Condition:
        known = self.embedding[perturbation] if self.table is None else self.table(perturbation)
        return self.project(known) + self.cell_type(cell_type)  # [cell width]


def projection(given: int, width: int, two_layers: bool) -> nn.Module:
    """What makes a condition of an embedding of width `given`, or of a row of a learned table (0)."""
    if two_layers:
        return nn.Sequential(nn.Linear(given or width, width), nn.SiLU(), nn.Linear(width, width))
    return nn.Linear(given, width) if given else nn.Identity()


def standardised(embedding: Tensor) -> Tensor:
    """Mean 0 and variance 1 of every column over the rows that are not all zero, which stay zero."""
    known = (embedding != 0).any(1)
    if known.sum() < 2:
        return embedding
    rows = embedding[known]
    result = torch.zeros_like(embedding)
    result[known] = (rows - rows.mean(0)) / rows.std(0).clamp(min=1e-6)
    return result
