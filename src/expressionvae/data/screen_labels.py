"""The perturbation labels of a screen: what is trained on, what is held out, and which genes they mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from expressionvae.data import prepared
from expressionvae.data.labels import genes
from expressionvae.files import UserError, require


@dataclass(frozen=True)
class Labels:
    """The perturbation labels of a screen, each list sorted."""

    all: list[str]  # control included
    heldout: list[str]
    control: str
    embedding: str  # "esm2" | "learned"
    beside: Sequence[str] = ()  # of the training cells of the held-out cell type

    @classmethod
    def of(cls, cells: pd.DataFrame, heldout: Sequence[str], cell_type: str, control: str, embedding: str) -> "Labels":
        """The labels of all cells of a screen, of which `heldout` are held out in a cell type."""
        here = set(cells.loc[cells["cell_type"] == cell_type, "perturbation"])
        beside = sorted(here - set(heldout))
        return cls(sorted(set(cells["perturbation"])), sorted(heldout), control, embedding, beside)


def read_labels(train: str | Path, heldout: str | Path) -> Labels:
    """Labels of `train.h5ad` and `heldout.h5ad`; only their tables of cells are read, not the counts.

    Raises: UserError when a file lacks obs `perturbation` or uns["screen"], or no training cell is a control.
    """
    (seen, screen), (unseen, _) = _cells(train), _cells(heldout)
    control, embedding = str(screen["control"]), str(screen["embedding"])
    if control not in set(seen["perturbation"]):
        raise UserError(f"{train}: no cell has the control label '{control}' that uns['screen'] names")
    if embedding not in ("esm2", "learned"):
        raise UserError(f"{train}: uns['screen']['embedding'] is '{embedding}'; expected 'esm2' or 'learned'")
    away = sorted(set(unseen["perturbation"]))
    return Labels.of(pd.concat([seen, unseen]), away, str(screen["heldout_cell_type"]), control, embedding)


def _cells(path: str | Path) -> tuple[pd.DataFrame, dict]:
    with prepared.opened(path) as source:
        labels, screen = {name: source.labels("obs", name) for name in prepared.LABELS}, source.about("screen")
        for key in ("control", "embedding", "heldout_cell_type"):
            require(key in screen, f"uns['screen'] has no {key!r}")
        return pd.DataFrame(labels).drop_duplicates().astype(str), dict(screen)


def all_genes(labels: Labels, *, separator: str | None) -> set[str]:
    """Every gene that some label of a screen perturbs."""
    return {gene for label in labels.all for gene in genes(label, control=labels.control, separator=separator)}
