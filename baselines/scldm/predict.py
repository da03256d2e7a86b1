"""Draw perturbed cells from scLDM (see ../README.md for the command line).

The control cell of a row gives its total counts, and nothing else.
"""

import sys
from argparse import Namespace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import numpy as np
import steps
import torch
from contract import index, main, predict_arguments, read_model, read_options, read_query, write_cells
from model import Model, Options


def predict(given: Namespace) -> None:
    asked = read_options(given.options, Options)
    device = steps.settle(given.seed, given.threads, given.device)
    about = read_model(given.model)
    query = read_query(given.query, about["genes"])
    cell_type = steps.codes(index(query.cell_type, about["cell_types"], "cell type"), device)
    label = steps.codes(index(query.perturbation, about["labels"], "perturbation"), device)
    total = np.asarray(query.counts.sum(axis=1), np.float32).clip(min=1)

    options = Options(**about["options"], repository=asked.repository, guidance=asked.guidance)
    model = Model(len(about["genes"]), len(about["labels"]), len(about["cell_types"]), options)
    steps.load_weights(model, given.model, device)
    torch.manual_seed(given.seed)  # the weights that were drawn above and replaced leave no trace

    def block(rows: slice) -> torch.Tensor:
        library = torch.from_numpy(total[rows]).to(device)
        return model.sample(library, {"cell_type": cell_type[rows], "perturbation": label[rows]})

    write_cells(given.out, steps.predicted(block, len(query), size=256), query, "counts")


if __name__ == "__main__":
    main(predict, predict_arguments())
