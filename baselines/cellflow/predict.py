"""Let each control cell flow to where its perturbation takes it (see ../README.md for the command line)."""

import sys
from argparse import Namespace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import numpy as np
import pandas as pd
from cellflow.model import CellFlow
from contract import index, log_normal, main, predict_arguments, read_model, read_options, read_query, write_cells
from model import Options, population, settle

SMALLEST, LARGEST = 64, 1024  # cells at once: each power of two between is compiled once


def flowed(flow: CellFlow, cells: np.ndarray, cell_type: str, label: str, control: str) -> np.ndarray:
    """Controls [cell, component] of a cell type under a perturbation."""
    size = max(SMALLEST, 1 << (len(cells) - 1).bit_length())
    padded = cells[np.resize(np.arange(len(cells)), size)]
    known = flow.adata.uns
    controls = population(padded, cell_type, control, True, known["perturbations"], known["cell_types"])
    wanted = pd.DataFrame({"cell_type": [cell_type], "perturbation": [label], "is_control": [False]}, index=["wanted"])
    wanted = wanted.astype({"cell_type": "category", "perturbation": "category"})
    (found,) = flow.predict(controls, wanted, sample_rep="X_pca").values()
    return np.asarray(found)[: len(cells)]


def predict(given: Namespace) -> None:
    read_options(given.options, Options)
    settle(given.threads, given.device)
    about = read_model(given.model)
    query = read_query(given.query, about["genes"])
    index(query.perturbation, about["labels"], "perturbation")
    index(query.cell_type, about["cell_types"], "cell type")
    target_sum = about["options"]["target_sum"]
    flow = CellFlow.load(str(given.model))
    with np.load(given.model / "components.npz") as stored:
        mean, components = stored["mean"], stored["components"]
    cells = (log_normal(query.counts, target_sum) @ components - mean @ components).astype(np.float32)
    groups = pd.DataFrame({"cell_type": query.cell_type, "label": query.perturbation}).groupby(["cell_type", "label"])
    for (cell_type, label), rows in groups.indices.items():  # pyright: ignore[reportGeneralTypeIssues]
        if label != about["control"]:  # controls stay where they are
            for first in range(0, len(rows), LARGEST):
                block = rows[first : first + LARGEST]
                cells[block] = flowed(flow, cells[block], cell_type, label, about["control"])
    values = np.maximum(cells @ components.T + mean, 0).astype(np.float32)
    write_cells(given.out, values, query, "log1p", target_sum)


if __name__ == "__main__":
    main(predict, predict_arguments())
