"""Predict perturbed cells through `state tx infer` (see ../README.md for the command line).

Left alone, it gives a label that it does not know the control's vector and says nothing (refused here), draws its
inputs from the control cells of the file, of any cell type where the wanted one has none (every cell type brings its
own here), and writes its cells to obsm while X keeps what was given (asked for an array, it writes the cells alone).
"""

import sys
import tempfile
from argparse import Namespace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import numpy as np
import steps
from contract import index, main, predict_arguments, read_model, read_options, read_query, write_cells
from model import Options, as_upstream_wants, call, codes, infer_command, with_controls


def predict(given: Namespace) -> None:
    read_options(given.options, Options)
    about = read_model(given.model)
    target_sum, control = about["options"]["target_sum"], about["control"]
    steps.settle(given.seed, given.threads, given.device)
    query = read_query(given.query, about["genes"])
    index(query.perturbation, about["labels"], "perturbation")
    index(query.cell_type, about["cell_types"], "cell type")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        asked = as_upstream_wants(with_controls(query, control), about["labels"], about["cell_types"], target_sum)
        asked.obsm["X_hvg"] = asked.obsm["X_hvg"].toarray()  # here upstream reads dense arrays only
        asked.write_h5ad(folder / "query.h5ad")
        command = infer_command(given.model, codes("p", about["labels"])[control], given.seed)
        call(command, folder, given.threads, given.device)
        cells = np.load(folder / "cells.npy")[: len(query)]
    write_cells(given.out, np.maximum(cells, 0), query, "log1p", target_sum)


if __name__ == "__main__":
    main(predict, predict_arguments())
