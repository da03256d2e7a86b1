"""Choose the penalty of the classifiers of cell types on training cells alone: penalty.py FOLDER_OF_SCREENS.

Of each screen what its config holds out is left out first. Classifiers are fitted on controls, as everywhere, and judge
controls that they have not seen (five folds) and the training cells of other perturbations, which the fit has not seen
either: a classifier that takes the effect of a perturbation for another type is as bad as one that mistakes controls.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from expressionvae.data import prepared
from expressionvae.data.screen import Columns, counts
from expressionvae.data.split import prepare
from expressionvae.evaluation.cell_types import CellTypes
from expressionvae.evaluation.comparison import comparison_space

FOLDS = 5
PENALTIES = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 1.0, 10.0]
# File, columns of perturbation and cell type, control, genes, what is held out.
SCREENS = {
    "kang": ("kang2018_pbmc_ifnb_scgen_valid", "condition", "cell_type", "control", 400, ("CD4T", ["stimulated"])),
    "perturbench": (
        "perturbench_devel_norman19_mcfaline23", "perturbation", "cell_type", "control", None,
        ("k562", ["MAPK1", "MAP2K6", "PLK4"]),
    ),
    "tal1": ("tal1_chimera_milode", "tomato", "celltype.mapped", "False", None, None),
    "gbm": ("zhao2021_gbm_panobinostat_lemur", "condition", "patient_id", "ctrl", None, None),
}  # fmt: skip


def training_cells(folder: Path, screen: str):
    """The training cells of a screen: X in comparison space, cell type, whether a control."""
    file, perturbation, cell_type, control, genes, away = SCREENS[screen]
    heldout = None if away is None else {"cell_type": away[0], "perturbations": away[1]}
    with tempfile.TemporaryDirectory() as here:
        paths = [Path(here, f"{part}.h5ad") for part in ("train", "heldout")]
        columns = Columns(perturbation, cell_type, None, None, None)
        options = {"control": control, "embedding": "learned", "min_cells": 10, "genes": genes, "heldout": heldout}
        prepare(folder / f"{file}.h5ad", *paths, name=screen, columns=columns, **options)
        train = prepared.whole(paths[0], "the training cells")
    types = train.obs["cell_type"].to_numpy(dtype=str)
    is_control = train.obs["perturbation"].to_numpy(dtype=str) == str(train.uns["screen"]["control"])
    return comparison_space(counts(train), rescale_to=10_000), types, is_control


def share(right: np.ndarray, types: np.ndarray) -> float:
    """Mean over cell types of the share that is called right."""
    return float(pd.Series(right).groupby(types).mean().mean())


def measured(X, types: np.ndarray, is_control: np.ndarray, seed: int) -> pd.DataFrame:
    """A row a fold and penalty: the shares of unseen controls and of perturbed cells."""
    rng = np.random.default_rng(seed)
    calm, other = np.flatnonzero(is_control), np.flatnonzero(~is_control)
    fold = rng.permutation(len(calm)) % FOLDS
    rows = []
    for part in range(FOLDS):
        seen, unseen = calm[fold != part], calm[fold == part]
        for penalty in PENALTIES:
            fitted = CellTypes.fit(X[seen], types[seen], inverse_penalty=penalty)
            found = {"fold": part, "inverse_penalty": penalty}
            found["controls"] = share(fitted.assigned(X[unseen]) == types[unseen], types[unseen])
            if len(other):
                found["perturbed"] = share(fitted.assigned(X[other]) == types[other], types[other])
            rows.append(found)
    return pd.DataFrame(rows)


def main(folder: Path) -> None:
    for screen in SCREENS:
        X, types, is_control = training_cells(folder, screen)
        rows = measured(X, types, is_control, seed=0)
        table = rows.groupby("inverse_penalty")[["controls", "perturbed"]].agg(["mean", "std"]).round(3)
        print(f"\n{screen}: {int(is_control.sum())} controls of {len(np.unique(types))} types\n{table.to_string()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
