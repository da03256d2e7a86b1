"""Predict perturbed cells with CPA (see ../README.md for the command line)."""

import sys
from argparse import Namespace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import steps
import torch
from contract import index, log_normal, main, predict_arguments, read_model, read_options, read_query, write_cells
from model import Autoencoder, Options


def predict(given: Namespace) -> None:
    emits = read_options(given.options, Options).emits
    device = steps.settle(given.seed, given.threads, given.device)
    about = read_model(given.model)
    query = read_query(given.query, about["genes"])
    cell_type = steps.codes(index(query.cell_type, about["cell_types"], "cell type"), device)
    label = steps.codes(index(query.perturbation, about["labels"], "perturbation"), device)

    options = Options(**about["options"], emits=emits)
    model = Autoencoder(len(about["genes"]), len(about["labels"]), len(about["cell_types"]), options)
    steps.load_weights(model, given.model, device)
    torch.manual_seed(given.seed)  # the weights that were drawn above and replaced leave no trace
    log = log_normal(query.counts, options.target_sum)

    def block(rows: slice) -> torch.Tensor:
        return model.emit(steps.dense(log[rows], device), cell_type[rows], label[rows], emits)

    write_cells(given.out, steps.predicted(block, len(query)), query, "log1p", options.target_sum)


if __name__ == "__main__":
    main(predict, predict_arguments())
