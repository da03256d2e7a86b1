"""Batches (donors, plates, days) of a screen: cells are compared with controls of their own batch."""

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy import ndarray

COLUMN = "batch"  # of obs, where the screen's entry names a batch_column


def of(cells: AnnData) -> ndarray | None:
    """The batch of each cell; None: the screen tells of none."""
    return np.asarray(cells.obs[COLUMN], dtype=str) if COLUMN in cells.obs else None


def matched(perturbed: ndarray, controls: ndarray, *, most: int | None = None) -> dict[str, int]:
    """How many controls of each batch have the batches' shares among the perturbed cells, as many as there can be.

    perturbed, controls: the batch of each cell; most: of all batches together. A batch without controls leaves none.
    """
    wanted, there = (pd.Series(labels).value_counts().sort_index() for labels in (perturbed, controls))
    numbers = [(int(there.get(name, 0)), int(number)) for name, number in wanted.items()]
    limits = numbers if most is None else [*numbers, (most, int(wanted.sum()))]
    given, of = min(limits, key=lambda limit: limit[0] / limit[1])
    return {str(name): int(number) * given // of for name, number in wanted.items()}


def scarcest(perturbed: ndarray, controls: ndarray) -> tuple[str, int, int]:
    """The batch with fewest controls for its perturbed cells, and its numbers of perturbed cells and of controls."""
    wanted, there = (pd.Series(labels).value_counts().sort_index() for labels in (perturbed, controls))
    name = min(wanted.index, key=lambda one: there.get(one, 0) / wanted[one])
    return str(name), int(wanted[name]), int(there.get(name, 0))


def apportioned(controls: ndarray, number: int) -> list[str]:
    """The batches of so many cells, sorted, with the shares that they have among some controls (largest remainder)."""
    sizes = pd.Series(controls).value_counts().sort_index()
    exact = sizes.to_numpy() * number / len(controls)
    whole = np.floor(exact).astype(int)
    whole[np.argsort(whole - exact, kind="stable")[: number - whole.sum()]] += 1
    return [str(name) for name, times in zip(sizes.index, whole, strict=True) for _ in range(times)]
