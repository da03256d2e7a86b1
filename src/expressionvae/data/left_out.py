"""Which training cell types of a screen are left out, one after the other, and which perturbations with each."""

import json
import logging
from pathlib import Path
from typing import Any

import pandas as pd
from numpy import ndarray

from expressionvae.data import batches, prepared
from expressionvae.files import reading, require, written
from expressionvae.stored import table

log = logging.getLogger(__name__)


def choose(train: str | Path, heldout: str | Path, *, number: int, min_cells: int) -> pd.DataFrame:
    """At most `number` cell types with what is held out in each: columns cell_type, perturbations (sorted lists).

    Cell types with most cells of wanted perturbations first; of those of which the screen holds out something only
    where there are no others. Wanted are the perturbations that the screen holds out; where it holds out none, those
    that some cell type with controls lacks, or all. A type is left out with those of them of which it has `min_cells`
    cells (never fewer than 2), as many controls (where there are batches, with the batches' shares), and another type
    has training cells (where there are batches, beside controls of their own).
    """
    cells, about = prepared.labels(train)
    compared = batches.comparable(cells, str(about["control"]))
    batch = cells.pop(batches.COLUMN).to_numpy() if batches.COLUMN in cells else None
    control, away = str(about["control"]), list(map(str, about["heldout_cell_types"]))
    sizes = cells.value_counts().to_dict()  # by (cell type, perturbation)
    least = max(min_cells, 2)
    types = [name for name in sorted(set(cells["cell_type"])) if sizes.get((name, control), 0) >= least]
    labels = sorted(set(cells["perturbation"]) - {control})
    unseen = set(prepared.labels(heldout)[0]["perturbation"]) if away else set()
    if not away:
        unseen = {label for label in labels if any((name, label) not in sizes for name in types)} or set(labels)
    known = {label for label in unseen if sum((name, label) in compared for name in types) > 1}
    there = {}
    for name in types:
        fitting = [label for label in labels if label in known and sizes.get((name, label), 0) >= least]
        if fitting and (batch is None or _can_match(cells, batch, name, fitting, control) >= least):
            there[name] = fitting
    wanted = {name: sum(sizes[name, label] for label in fitting) for name, fitting in there.items()}
    order = sorted(there, key=lambda name: (-wanted[name], name))
    fitting = [name for name in order if name not in away] or order
    chosen = [{"cell_type": name, "perturbations": there[name]} for name in fitting[:number]]
    said = "; ".join(f"{row['cell_type']} x {', '.join(row['perturbations'])}" for row in chosen)
    log.info(f"cell types left out in turn: {said or 'none, for no perturbation of interest is in two types'}")
    return pd.DataFrame(chosen, columns=["cell_type", "perturbations"])


def _can_match(cells: pd.DataFrame, batch: ndarray, name: str, labels: list[str], control: str) -> int:
    """How many controls of a cell type have the batches' shares among its cells of some perturbations."""
    here, label = (cells["cell_type"] == name).to_numpy(), cells["perturbation"]
    perturbed, controls = batch[here & label.isin(labels)], batch[here & (label == control).to_numpy()]
    return sum(batches.matched(perturbed, controls).values())


def save(path: str | Path, chosen: pd.DataFrame) -> None:
    """Write what `choose` gives, the list of perturbations as JSON."""
    with written(path) as temporary:
        chosen.assign(perturbations=chosen["perturbations"].map(json.dumps)).to_csv(temporary, index=False)


def read(path: str | Path) -> pd.DataFrame:
    """Read what `save` wrote. Raises: UserError if it is not that."""
    with reading(path, "the cell types that are left out in turn"):
        chosen = table(path, texts=["cell_type", "perturbations"], numbers=[])
        require(chosen["cell_type"].is_unique, "it names a cell type twice")
        return chosen.assign(perturbations=chosen["perturbations"].map(json.loads))


def heldout(path: str | Path, place: int) -> dict[str, Any]:
    """What is held out in a left-out dataset by its number (from 1), in the form of the config's `heldout`."""
    row = read(path).iloc[place - 1]
    return {"cell_type": [row["cell_type"]], "perturbations": list(row["perturbations"])}
