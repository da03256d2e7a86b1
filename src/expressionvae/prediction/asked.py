"""The pairs that are asked for, held against a screen: what is known of each, or why it cannot be predicted."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from expressionvae.data import batches
from expressionvae.data.labels import genes, perturbation, spelled
from expressionvae.files import UserError, reading, require, written
from expressionvae.nearest import did_you_mean
from expressionvae.pairs import ELSEWHERE, HERE, KNOWN, NEW, UNDEFINED, Pair
from expressionvae.proteins.symbols import resolve
from expressionvae.stored import table

TEXTS = ("folder", "cell_type", "perturbation", "vector", "perturb_mean")
NUMBERS = ("cells", "controls", "contexts", "measured", "seen")
FEWEST = 2  # controls of a cell type: draws from one cell have no spread


def describe(
    pairs: Sequence[Pair],
    cells: pd.DataFrame,
    labels: Sequence[str],
    *,
    control: str,
    embedding: str,
    separator: str | None,
    proteins: Callable[[], Mapping[str, object]],
    symbol_map: Mapping[str, str],
) -> pd.DataFrame:
    """One row a pair (see `Known`).

    Args:
        cells: cell_type, perturbation and, where the screen tells of batches, batch of each training cell.
        labels: perturbations of the screen, held-out ones included.
        embedding: esm2 or learned.
        proteins: gives what has a protein by gene symbol; called where a perturbation is of no cell of the screen.

    Columns: folder; cell_type and perturbation as the screen spells them; cells, to predict; controls, training cells
    of the type; contexts, other cell types that saw the perturbation beside controls (of its batch, where there are
    any); measured, training cells of the pair; seen, training cells of the perturbation in any type; vector;
    perturb_mean.

    Raises:
        UserError: for the first pair that cannot be predicted, naming it, why, and the nearest label.
    """
    screen = _Cells.of(cells, control)
    known = screen.trained if embedding == "learned" else [label for label in labels if label != control]
    rows: list[dict[str, Any]] = []
    asked_at: dict[tuple[str, str], str] = {}
    for pair in pairs:
        kind = _cell_type(pair, screen)
        label = spelled(pair.perturbation, [*known, control], perturbation(control, separator))
        if label == control:
            raise UserError(f"{pair.where}: {pair.perturbation!r} is the control, whose cells are there")
        if label not in known:
            _require_protein(pair, known, embedding, control, separator, proteins, symbol_map)
        if (kind, label) in asked_at:
            raise UserError(f"{pair.where}: {label!r} in {kind!r} is asked at {asked_at[kind, label]} too")
        asked_at[kind, label] = pair.where
        about = {"folder": pair.folder, "cell_type": kind, "perturbation": label, "cells": pair.cells}
        rows.append(about | screen.known_of(kind, label) | {"vector": KNOWN if label in labels else NEW})
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class _Cells:
    """Numbers of training cells.

    size: by cell type and perturbation; types: all cell types; with_controls: those a prediction can start from;
    compared: combinations that have controls beside them (`batches.comparable`).
    """

    control: str
    size: Mapping[tuple[str, str], int]
    types: list[str]
    with_controls: list[str]
    compared: Collection[tuple[str, str]]

    @classmethod
    def of(cls, cells: pd.DataFrame, control: str) -> "_Cells":
        counts = cells.groupby(["cell_type", "perturbation"], observed=True).size()
        size = {(str(kind), str(label)): int(number) for (kind, label), number in counts.items()}  # type: ignore[misc]
        types = sorted({kind for kind, _ in size})
        with_controls = [kind for kind in types if size.get((kind, control), 0) >= FEWEST]
        return cls(control, size, types, with_controls, batches.comparable(cells, control))

    @property
    def trained(self) -> list[str]:
        return sorted({label for _, label in self.size} - {self.control})

    def known_of(self, kind: str, label: str) -> dict[str, Any]:
        """The columns of `describe` that say what training cells tell of a pair."""
        contexts = [other for other in self.with_controls if other != kind and (other, label) in self.compared]
        beside = any(type_ == kind for type_, _ in self.compared)
        return {
            "controls": self.size[kind, self.control],
            "contexts": len(contexts),
            "measured": self.size.get((kind, label), 0),
            "seen": sum(number for (_, other), number in self.size.items() if other == label),
            "perturb_mean": ELSEWHERE if contexts else HERE if beside else UNDEFINED,
        }


def _cell_type(pair: Pair, screen: _Cells) -> str:
    """The cell type that a pair means, with controls to start from."""
    kind = spelled(pair.cell_type, screen.types)
    if kind not in screen.types:
        near = _near(str(pair.cell_type), screen.types)
        raise UserError(f"{pair.where}: no training cell is of cell type {pair.cell_type!r}{near}")
    if kind not in screen.with_controls:
        number = screen.size.get((kind, screen.control), 0)
        raise UserError(
            f"{pair.where}: cell type {kind!r} has {number} control cells ({screen.control!r}) in training, expected "
            f"{FEWEST} or more: a prediction starts from them; types that have: {', '.join(screen.with_controls)}"
        )
    return kind


def _require_protein(
    pair: Pair,
    known: Sequence[str],
    embedding: str,
    control: str,
    separator: str | None,
    proteins: Callable[[], Mapping[str, object]],
    symbol_map: Mapping[str, str],
) -> None:
    label = str(pair.perturbation)
    if embedding == "learned":
        raise UserError(
            f"{pair.where}: no training cell has perturbation {label!r}{_near(label, known)}; with the dataset's "
            "embedding 'learned' only perturbations of training cells can be predicted (in any cell type), with 'esm2' "
            "any gene with a protein"
        )
    having = proteins()
    for gene in genes(label, control=control, separator=separator):
        if resolve(gene, having, symbol_map) is None:
            raise UserError(
                f"{pair.where}: perturbation {label!r} is of no cell of the screen, and gene {gene!r} has no "
                f"protein in the dataset's FASTA file{_near(gene, [*known, *having])}"
            )


def _near(name: str, labels: Iterable[str]) -> str:
    """The end of a message on an unknown label: the nearest one, and those that there are while they are few."""
    labels = list(labels)
    return did_you_mean(name, labels) + (f" (there are: {', '.join(labels)})" if len(labels) <= 20 else "")


def save(rows: pd.DataFrame, path: str | Path) -> None:
    with written(path) as temporary:
        rows.to_csv(temporary, index=False)


def read(path: str | Path) -> pd.DataFrame:
    """Read what `save` wrote. Raises UserError when it did not."""
    with reading(path, "the pairs to predict"):
        rows = table(path, texts=TEXTS, numbers=NUMBERS)
        require(len(rows) > 0, "it holds no pair")
        require(rows["folder"].is_unique, "it holds a pair twice")
    return rows


def row(path: str | Path, folder: str) -> dict[str, Any]:
    """What is known of the pair whose results lie in `folder`."""
    rows = read(path)
    found = rows[rows["folder"] == folder]
    if len(found) != 1:
        raise UserError(f"{path}: has no pair for {folder}; delete it, and the same command makes it again")
    return {str(key): value for key, value in found.iloc[0].items()}
