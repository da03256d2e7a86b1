"""Predict perturbed cells with scVI (see ../README.md for the command line)."""

import sys
from argparse import Namespace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import steps
import torch
from contract import index, main, predict_arguments, read_model, read_options, read_query, write_cells
from model import Model, Options


def predict(given: Namespace) -> None:
    emits = read_options(given.options, Options).emits
    device = steps.settle(given.seed, given.threads, given.device)
    about = read_model(given.model)
    query = read_query(given.query, about["genes"])
    cell_type = steps.codes(index(query.cell_type, about["cell_types"], "cell type"), device)
    label = steps.codes(index(query.perturbation, about["labels"], "perturbation"), device)

    options = Options(**about["options"], emits=emits)
    model = Model(len(about["genes"]), len(about["labels"]), len(about["cell_types"]), options)
    steps.load_weights(model, given.model, device)
    torch.manual_seed(given.seed)  # the weights that were drawn above and replaced leave no trace

    def block(rows: slice) -> torch.Tensor:
        return model.emit(steps.dense(query.counts[rows], device), cell_type[rows], label[rows], emits)

    write_cells(given.out, steps.predicted(block, len(query)), query, "counts")


if __name__ == "__main__":
    main(predict, predict_arguments())
