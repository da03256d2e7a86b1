"""Batches (donors, plates, days) of a screen: controls are drawn, and floors cut, within them.

True controls match the batches of all held-out perturbations of a cell type together, not those of each: the effect of
a perturbation whose cells are of other batches contains the batches' (`batch_checks.doubts` warns of it).
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

COLUMN = "batch"  # of obs, where the screen's entry names a batch_column


def of(cells: "AnnData") -> ndarray | None:
    """The batch of each cell; None: the screen tells of none."""
    return np.asarray(cells.obs[COLUMN], dtype=str) if COLUMN in cells.obs else None


def beside_controls(cells: "pd.DataFrame", control: str) -> ndarray:
    """Whether there are controls of each cell's type; of its batch too, where the screen tells of batches.

    cells: cell_type, perturbation and, where it is told, batch of each cell.
    """
    where = ["cell_type", *([COLUMN] if COLUMN in cells else [])]
    kinds = cells.groupby(where, observed=True).ngroup()
    return kinds.isin(kinds[cells["perturbation"] == control]).to_numpy()


def comparable(cells: "pd.DataFrame", control: str) -> set[tuple[str, str]]:
    """Cell types with the perturbations of which they have a cell `beside_controls`."""
    found = cells.loc[beside_controls(cells, control), ["cell_type", "perturbation"]].drop_duplicates()
    return {(str(cell_type), str(label)) for cell_type, label in found.itertuples(index=False) if label != control}


def asked(truth: "AnnData") -> ndarray | None:
    """The batch that the query asks for in the row of each true cell: a combination's, in alphabetical order.

    So it tells their sizes, and not which cell is of which.
    """
    if (batch := of(truth)) is None:
        return None
    combination = [np.asarray(truth.obs[name], dtype=str) for name in ("perturbation", "cell_type")]
    sorted_ = np.empty_like(batch)
    sorted_[np.lexsort(combination)] = batch[np.lexsort([batch, *combination])]
    return sorted_


def dealt(rows: ndarray, batch: ndarray, parts: int) -> list[ndarray]:
    """Some rows in so many parts, dealt in turn batch after batch: each has as many of a batch, but for odd cells.

    batch: of every cell. Within a batch the rows keep their order.
    """
    ordered = rows[np.argsort(batch[rows], kind="stable")]
    return [ordered[part::parts] for part in range(parts)]


def matched(perturbed: ndarray, controls: ndarray, *, most: int | None = None) -> dict[str, int]:
    """How many controls of each batch have the batches' shares among the perturbed cells, as many as there can be.

    perturbed, controls: the batch of each cell; most: of all batches together. A batch without controls leaves none.
    """
    wanted, there = _sizes(perturbed), _sizes(controls)
    numbers = [(there.get(name, 0), number) for name, number in wanted.items()]
    limits = numbers if most is None else [*numbers, (most, len(perturbed))]
    given, of = min(limits, key=lambda limit: limit[0] / limit[1])
    return {name: number * given // of for name, number in wanted.items()}


def scarcest(perturbed: ndarray, controls: ndarray) -> tuple[str, int, int]:
    """The batch with fewest controls for its perturbed cells, and its numbers of perturbed cells and of controls."""
    wanted, there = _sizes(perturbed), _sizes(controls)
    name = min(wanted, key=lambda one: there.get(one, 0) / wanted[one])
    return name, wanted[name], there.get(name, 0)


def apportioned(controls: ndarray, number: int) -> list[str]:
    """The batches of so many cells, sorted, with the shares that they have among some controls (largest remainder)."""
    sizes = _sizes(controls)
    exact = np.array(list(sizes.values())) * number / len(controls)
    whole = np.floor(exact).astype(int)
    whole[np.argsort(whole - exact, kind="stable")[: number - whole.sum()]] += 1
    return [name for name, times in zip(sizes, whole, strict=True) for _ in range(times)]


def _sizes(labels: ndarray) -> dict[str, int]:
    """Number of cells of each batch, in alphabetical order."""
    names, sizes = np.unique(labels, return_counts=True)
    return dict(zip(names.tolist(), sizes.tolist(), strict=True))
