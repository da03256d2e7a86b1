"""Where a perturbation moves a cell in scGen's latent space."""

import numpy as np
from contract import Mistake


def shifts(latent: np.ndarray, cell_type: np.ndarray, label: np.ndarray, control: str) -> tuple[list[str], np.ndarray]:
    """Labels, and the shift of each in latent space [label, latent]; the control's is 0.

    Mean of the perturbed cells minus mean of the controls of the same cell type, over the cell types that have both,
    each counting once.
    """
    found: dict[str, list[np.ndarray]] = {}
    for kind in np.unique(cell_type):
        controls = latent[(cell_type == kind) & (label == control)]
        if len(controls):
            for name in np.unique(label[cell_type == kind]):
                moved = latent[(cell_type == kind) & (label == name)].mean(axis=0) - controls.mean(axis=0)
                found.setdefault(str(name), []).append(moved)
    if set(found) <= {control}:
        raise Mistake("no cell type has both control and perturbed cells: there is no shift to learn from")
    return list(found), np.stack([np.mean(of_types, axis=0) for of_types in found.values()])
