"""Shift control cells in scGen's latent space (see ../README.md for the command line)."""

import sys
from argparse import Namespace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import numpy as np
import steps
import torch
from contract import index, log_normal, main, predict_arguments, read_model, read_options, read_query, write_cells
from model import Model, Options


def predict(given: Namespace) -> None:
    read_options(given.options, Options)
    device = steps.settle(given.seed, given.threads, given.device)
    about = read_model(given.model)
    query = read_query(given.query, about["genes"])
    options = Options(**about["options"])
    model = Model(len(about["genes"]), options)
    steps.load_weights(model, given.model, device)
    label = index(query.perturbation, about["labels"], "perturbation")
    shift = torch.from_numpy(np.load(given.model / "shift.npy")[label]).to(device)
    log = log_normal(query.counts, options.target_sum)

    def block(rows: slice) -> torch.Tensor:
        return model.decoder(model.latent(steps.dense(log[rows], device)) + shift[rows]).clamp(min=0)

    write_cells(given.out, steps.predicted(block, len(query)), query, "log1p", options.target_sum)


if __name__ == "__main__":
    main(predict, predict_arguments())
