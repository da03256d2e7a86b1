"""The perturbation labels of a screen: what is trained on, what is held out, and which genes they mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from expressionvae.data import prepared
from expressionvae.data.labels import genes
from expressionvae.files import UserError, require


@dataclass(frozen=True)
class Labels:
    """The perturbation labels of a screen, each list sorted.

    beside: by held-out label those of the training cells of the cell types in which it is held out.
    unseen: held-out labels of which there is no training cell at all.
    """

    all: list[str]  # control included
    heldout: list[str]
    control: str
    embedding: str  # "esm2" | "learned"
    beside: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unseen: Sequence[str] = ()

    @classmethod
    def of(cls, seen: pd.DataFrame, unseen: pd.DataFrame, control: str, embedding: str) -> "Labels":
        """The labels of training cells and of held-out ones, of which there may be none."""
        types = unseen.groupby("perturbation", sort=True, observed=True)["cell_type"].agg(lambda of: (*sorted({*of}),))
        # of as many lists as there are sets of types, not one for each label
        lists = {of: sorted(set(seen.loc[seen["cell_type"].isin(of), "perturbation"])) for of in set(types)}
        known = sorted({*seen["perturbation"], *unseen["perturbation"]})
        beside = {str(label): lists[of] for label, of in types.items()}
        new = tuple(label for label in beside if label not in set(seen["perturbation"]))
        return cls(known, list(types.index), control, embedding, beside, new)


def read_labels(train: str | Path, heldout: str | Path) -> Labels:
    """Labels of `train.h5ad` and `heldout.h5ad`; only their tables of cells are read, not the counts.

    Raises: UserError when a file lacks obs `perturbation` or uns["screen"], or no training cell is a control.
    """
    seen, screen = _cells(train)
    control, embedding = str(screen["control"]), str(screen["embedding"])
    if control not in set(seen["perturbation"]):
        raise UserError(f"{train}: no cell has the control label '{control}' that uns['screen'] names")
    if embedding not in ("esm2", "learned"):
        raise UserError(f"{train}: uns['screen']['embedding'] is '{embedding}'; expected 'esm2' or 'learned'")
    unseen = _cells(heldout)[0] if len(screen["heldout_cell_types"]) else seen.iloc[:0]
    return Labels.of(seen, unseen, control, embedding)


def _cells(path: str | Path) -> tuple[pd.DataFrame, dict]:
    with prepared.opened(path) as source:
        labels, screen = {name: source.labels("obs", name) for name in prepared.LABELS}, source.about("screen")
        for key in ("control", "embedding", "heldout_cell_types"):
            require(key in screen, f"uns['screen'] has no {key!r}")
        return pd.DataFrame(labels).drop_duplicates().astype(str), dict(screen)


def all_genes(labels: Labels, *, separator: str | None) -> set[str]:
    """Every gene that some label of a screen perturbs."""
    return {gene for label in labels.all for gene in genes(label, control=labels.control, separator=separator)}
