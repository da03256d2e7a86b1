"""Which combinations of cell type and perturbation are held out: as the config says it, and as the file spells it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy import ndarray

from expressionvae.data import checks
from expressionvae.data.h5ad import Source
from expressionvae.data.labels import Unquoted, perturbation, spelled, unquoted
from expressionvae.files import reading

# The config's `heldout`: None (nothing is), or cell_type (one, or a list) with perturbations or with fraction and seed.
Wanted = Mapping[str, Any] | None
Chosen = dict[str, list[str]]  # held-out perturbations by cell type, both sorted


def cell_types(wanted: Wanted) -> list[Unquoted]:
    """The cell types in which something is held out, in the config's order."""
    if wanted is None:
        return []
    named = wanted["cell_type"]
    return named if isinstance(named, list) else [named]


def named(cells: pd.DataFrame, wanted: Wanted) -> list[str]:
    """Every label that the config names."""
    types = [unquoted(name, cells["cell_type"].unique()) for name in cell_types(wanted)]
    asked = (wanted or {}).get("perturbations", ())
    return types + [unquoted(name, cells["perturbation"].unique()) for name in asked]


def published(path: str | Path) -> dict[str, Any]:
    """What an assembled screen carries from its split file, in the form of the config's `heldout`."""
    with reading(path, "an assembled screen"), Source(path) as source:
        about = source.about("split")
        return {"cell_type": str(about["heldout_cell_type"]), "perturbations": list(map(str, about["heldout"]))}


def in_the_file(
    cells: pd.DataFrame, control: Unquoted, wanted: Wanted, separator: str | None
) -> tuple[str, dict[str, Any] | None]:
    """The control and what is held out, as the file spells what the config names."""
    labels = cells["perturbation"].unique()
    meaning = perturbation(unquoted(control, labels), separator)
    found = None
    if wanted is not None:
        types = cells["cell_type"].unique()
        found = {**wanted, "cell_type": [spelled(name, types) for name in cell_types(wanted)]}
        if "perturbations" in wanted:
            found["perturbations"] = [spelled(name, labels, meaning) for name in wanted["perturbations"]]
    return spelled(control, labels, meaning), found


def choose(path: Path, cells: pd.DataFrame, *, control: str, embedding: str, min_cells: int, wanted: Wanted) -> Chosen:
    """The held-out perturbations of each held-out cell type: those named, or a seeded fraction of its eligible ones.

    Eligible are those with `min_cells` cells there, and with a learned embedding only what a cell type shows of which
    nothing is held out: all types that are named are held out together.
    """
    checks.control(path, cells, control)
    types = sorted(set(map(str, cell_types(wanted))))
    for name in types:
        checks.cell_type(path, cells, name)
    if wanted is None:
        return {}
    if "perturbations" in wanted:
        return {name: sorted(set(wanted["perturbations"])) for name in types}
    elsewhere = set(cells.loc[~cells["cell_type"].isin(types), "perturbation"])
    chosen = {}
    for name in types:
        sizes = cells.loc[cells["cell_type"] == name, "perturbation"].value_counts()
        eligible = set(sizes.index[sizes >= min_cells]) - {control}
        if embedding == "learned":
            eligible &= elsewhere
        number = round(wanted["fraction"] * len(eligible))
        generator = np.random.default_rng(wanted["seed"])
        chosen[name] = sorted(generator.permutation(sorted(eligible))[:number].tolist())
    return chosen


def is_heldout(cells: pd.DataFrame, chosen: Mapping[str, Sequence[str]]) -> ndarray:
    """Whether each cell belongs to a held-out combination."""
    away = np.zeros(len(cells), bool)
    for cell_type, labels in chosen.items():
        away |= ((cells["cell_type"] == cell_type) & cells["perturbation"].isin(list(labels))).to_numpy()
    return away
