"""The linear model of Ahlmann-Eltze et al.: what it is fitted to, and how."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from contract import Cells, Mistake, log_normal, require
from numpy.linalg import solve, svd

KNOWN = ("vectors", "identity")


@dataclass(frozen=True)
class Options:
    """Meaning and source of each: about.yaml."""

    components: int
    ridge: float
    perturbation_embedding: str
    target_sum: float

    def __post_init__(self) -> None:
        require(self, components=(1, 1_000), ridge=(1e-12, 1e12), target_sum=(1, 1e9))
        if self.perturbation_embedding not in KNOWN:
            raise ValueError(
                f"option 'perturbation_embedding' is {self.perturbation_embedding!r}, expected {' or '.join(KNOWN)}"
            )


def pseudobulks(cells: Cells, target_sum: float) -> dict[tuple[str, str], np.ndarray]:
    """Mean of log-normal values [gene], of every (cell type, perturbation) that training holds."""
    log = log_normal(cells.counts, target_sum)
    label = np.where(cells.is_control, cells.control, cells.perturbation)
    groups = pd.DataFrame({"cell_type": cells.cell_type, "label": label}).groupby(["cell_type", "label"]).indices
    means = {pair: np.asarray(log[rows].mean(axis=0), np.float64).ravel() for pair, rows in groups.items()}
    return {(str(cell_type), str(name)): mean for (cell_type, name), mean in means.items()}  # pyright: ignore


def changes(bulk: dict[tuple[str, str], np.ndarray], control: str) -> dict[str, np.ndarray]:
    """Mean change [gene] of each perturbation against the controls of its cell type; each cell type counts once."""
    seen: dict[str, list[np.ndarray]] = {}
    for (cell_type, label), mean in bulk.items():
        if label != control and (cell_type, control) in bulk:
            seen.setdefault(label, []).append(mean - bulk[cell_type, control])
    if not seen:
        raise Mistake("no cell type has both control and perturbed cells: there is no change to learn from")
    return {label: np.mean(of_types, axis=0) for label, of_types in seen.items()}


def gene_embedding(bulk: dict[tuple[str, str], np.ndarray], components: int) -> np.ndarray:
    """Principal-component scores of genes [gene, component], conditions being the variables."""
    table = np.stack(list(bulk.values()), axis=1)
    left, scale, _ = svd(table - table.mean(axis=0), full_matrices=False)
    kept = min(components, int((scale > scale[0] * 1e-12).sum()))
    return left[:, :kept] * scale[:kept]


def fit(change: np.ndarray, genes: np.ndarray, perturbations: np.ndarray, ridge: float) -> tuple[np.ndarray, ...]:
    """Least squares Y = G W P + b with a ridge on either side.

    change: Y [gene, perturbation]; genes: G [gene, component]; perturbations: P [dimension, perturbation].
    Returns W [component, dimension] and b [gene], the mean over perturbations. Source: Ahlmann-Eltze et al. 2025,
    Methods: W = (G'G + r)^-1 G' (Y - b) P' (P P' + r)^-1.
    """
    offset = change.mean(axis=1)
    left = solve(genes.T @ genes + ridge * np.eye(genes.shape[1]), genes.T @ (change - offset[:, None]))
    inner = perturbations.T @ perturbations + ridge * np.eye(perturbations.shape[1])  # P'(PP' + r)^-1 = (P'P + r)^-1 P'
    return left @ solve(inner, perturbations.T), offset
