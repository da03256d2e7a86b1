"""One vector a perturbation (`perturbations.npz`): what the prior is told about a perturbed gene."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from expressionvae import npz
from expressionvae.arrays import PerturbationEmbedding
from expressionvae.files import AGAIN, UserError, reading, require, written
from expressionvae.proteins.embedded import Proteins
from expressionvae.proteins.symbols import resolve

if TYPE_CHECKING:  # trainings read the table alone, and need no pandas for it
    from expressionvae.data.screen_labels import Labels

log = logging.getLogger(__name__)

LEARNED, STOP = "learned", "stop"  # values of config key without_protein, whose third and default is shared


@dataclass(frozen=True)
class Perturbations:
    """`perturbations.npz`; `missing` are the labels of which some gene has no protein."""

    labels: list[str]
    embedding: PerturbationEmbedding
    missing: list[str]

    def save(self, path: str | Path) -> None:
        """Write the three arrays; strings are stored without pickle."""
        with written(path) as tmp:
            np.savez(
                tmp,
                labels=np.array(self.labels, dtype=str),
                embedding=self.embedding.astype(np.float32),
                missing=np.array(self.missing, dtype=str),
            )

    @classmethod
    def load(cls, path: str | Path) -> "Perturbations":
        """Read what `save` wrote. Raises UserError when it did not."""
        with reading(path, "the embedded perturbations of a screen"):
            labels, embedding, missing = npz.arrays(path, "labels", "embedding", "missing")
            require(labels.dtype.kind == "U" and labels.ndim == 1, "labels are no text")
            require(0 < len(labels) == len(set(labels.tolist())), "it has no label, or one twice")
            require(embedding.dtype.kind == "f" and embedding.ndim == 2, "embedding is no matrix of numbers")
            require(len(embedding) == len(labels), f"it has {len(embedding)} vectors for {len(labels)} labels")
            require(np.isfinite(embedding).all(), "embedding holds numbers that are not finite")
        return cls(labels.tolist(), embedding, missing.tolist())

    def of(self, labels: Sequence[str], path: str | Path) -> PerturbationEmbedding:
        """The vectors of some labels. Raises UserError, naming the file that it was read from, when it lacks one."""
        row = {label: number for number, label in enumerate(self.labels)}
        if absent := [label for label in labels if label not in row]:
            raise UserError(f"{path}: has no perturbation {absent[0]!r}, so it is of another screen; {AGAIN}")
        return self.embedding[[row[label] for label in labels]]


def described(
    labels: "Labels", known: Mapping[str, object], *, separator: str | None, symbol_map: Mapping[str, str]
) -> dict[str, list[str | None]]:
    """For each label the name in `known` of every gene that it perturbs; None for a gene that is not there."""
    from expressionvae.data.labels import genes

    return {
        label: [resolve(gene, known, symbol_map) for gene in genes(label, control=labels.control, separator=separator)]
        for label in labels.all
    }


def embed_labels(
    labels: "Labels",
    proteins: Proteins | None,
    *,
    separator: str | None,
    symbol_map: Mapping[str, str],
    without_protein: str = "shared",
) -> Perturbations:
    """Embed each label: the sum over its genes of their protein embeddings; zeros for the control.

    A gene without a protein adds zeros; its label is listed in `missing`. With without_protein "learned" it has a
    dimension of its own, one where a label perturbs it: the prior's projection learns a row for each. Values are raw,
    not standardised: the prior has a projection of its own. `learned` labels get width 0 (the prior learns a table
    instead).

    Raises: UserError when the labels ask for esm2 and there are no proteins.
    """
    if labels.embedding == "learned":
        return Perturbations(labels.all, np.zeros((len(labels.all), 0), np.float32), [])
    if proteins is None:
        raise UserError("perturbations: the screen's embedding is esm2; expected the file proteins.npz")
    row = {symbol: i for i, symbol in enumerate(proteins.symbols)}
    names = described(labels, row, separator=separator, symbol_map=symbol_map)
    embedding = np.zeros((len(labels.all), proteins.embedding.shape[1]), np.float32)
    for i, label in enumerate(labels.all):
        # In one order whatever the symbols are, so that the same proteins have the same sum to the last bit.
        rows = sorted((proteins.embedding[row[name]] for name in names[label] if name is not None), key=ndarray.tobytes)
        embedding[i] = np.sum(rows, axis=0) if rows else 0
    if without_protein == LEARNED:
        embedding = np.hstack([embedding, _own_rows(labels, row, separator=separator, symbol_map=symbol_map)])
    return Perturbations(labels.all, embedding, [label for label in labels.all if None in names[label]])


def _own_rows(
    labels: "Labels", known: Mapping[str, object], *, separator: str | None, symbol_map: Mapping[str, str]
) -> PerturbationEmbedding:
    """A dimension for each target without a protein, in alphabetical order: 1 for the labels that perturb it."""
    from expressionvae.data.labels import genes

    targets = [set(genes(label, control=labels.control, separator=separator)) for label in labels.all]
    without = sorted(gene for gene in set().union(*targets) if resolve(gene, known, symbol_map) is None)
    return np.array([[gene in of for gene in without] for of in targets], np.float32).reshape(len(targets), -1)


def twins(table: Perturbations) -> list[list[str]]:
    """Groups of labels with one vector (not all zeros), e.g. copies of a histone; no prior can part them."""
    groups = defaultdict(list)
    for label, vector in zip(table.labels, table.embedding, strict=True):
        if vector.any():
            groups[vector.tobytes()].append(label)
    return [group for group in groups.values() if len(group) > 1]


def report(labels: "Labels", table: Perturbations) -> None:
    """Say which labels have no protein, and which share one vector."""
    n, width = table.embedding.shape
    about = f"{n} labels, width {width} ({labels.embedding})"
    log.info(f"perturbations: {about}, {len(table.missing)} without a protein")
    if table.missing:
        log.info(f"  without a protein (zeros, or the sum of the genes that have one): {', '.join(table.missing)}")
    for group in twins(table):
        log.info(f"  the same vector: {', '.join(group)}")
