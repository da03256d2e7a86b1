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

    def extend(self, given: Tensor, vector: Tensor, *, standardise: bool) -> None:
        """Add a perturbation that is not among those of training, by its embedding [width], as the last row.

        given: the embedding that the module was made of. Raises ValueError if it was made of another, or has a table.
        """
        if self.table is not None:
            raise ValueError("it has a learned table, and no row for a perturbation that it was not trained on")
        known = standardised(given) if standardise else given
        if known.shape != self.embedding.shape or not torch.allclose(known, self.embedding, rtol=1e-4, atol=1e-5):
            raise ValueError("it was trained on other vectors of the perturbations")
        row = (standardised(given, vector[None]) if standardise else vector[None]).to(self.embedding)
        self.embedding = torch.cat([self.embedding, row])

    def forward(self, perturbation: Labels, cell_type: Labels) -> Condition:
        known = self.embedding[perturbation] if self.table is None else self.table(perturbation)
        return self.project(known) + self.cell_type(cell_type)  # [cell width]


def projection(given: int, width: int, two_layers: bool) -> nn.Module:
    """What makes a condition of an embedding of width `given`, or of a row of a learned table (0)."""
    if two_layers:
        return nn.Sequential(nn.Linear(given or width, width), nn.SiLU(), nn.Linear(width, width))
    return nn.Linear(given, width) if given else nn.Identity()


def standardised(embedding: Tensor, rows: Tensor | None = None) -> Tensor:
    """Mean 0 and variance 1 of every column over the rows that are not all zero, which stay zero.

    rows: others that are brought to the same scale, in place of the embedding's own.
    """
    wanted = embedding if rows is None else rows
    known = embedding[(embedding != 0).any(1)]
    if len(known) < 2:
        return wanted
    scaled = (wanted - known.mean(0)) / known.std(0).clamp(min=1e-6)
    return torch.where((wanted != 0).any(1, keepdim=True), scaled, torch.zeros_like(wanted))
