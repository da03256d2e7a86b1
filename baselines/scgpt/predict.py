"""Predict perturbed cells with scGPT (see ../README.md for the command line).

The control cell of a row goes in and its perturbed cell comes out, without chance: the seed has chosen the controls.
"""

import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import steps
import torch
from contract import index, log_normal, main, predict_arguments, read_model, read_options, read_query, write_cells
from model import Options, Tokens, build


def predict(given: Namespace) -> None:
    read_options(given.options, Options)
    device = steps.settle(given.seed, given.threads, given.device)
    about = read_model(given.model)
    options = replace(Options(**about["options"]), checkpoint=None)
    query = read_query(given.query, about["genes"])
    index(query.perturbation, about["labels"], "perturbation")
    index(query.cell_type, about["cell_types"], "cell type")

    tokens = Tokens(about["genes"], about["labels"], about["control"], options.separator, about["vocabulary"])
    model = build(options, tokens)
    steps.load_weights(model, given.model, device)
    values = log_normal(query.counts, options.target_sum)

    def block(rows: slice) -> torch.Tensor:
        batch = tokens.batch(torch.from_numpy(values[rows].toarray()), query.perturbation[rows].tolist())
        output = model(**{name: tensor.to(device) for name, tensor in batch.items()})["mlm_output"]
        return output[:, : values.shape[1]].float().clamp(min=0)

    cells = steps.predicted(block, len(query), size=options.batch_size)
    write_cells(given.out, cells, query, "log1p", options.target_sum)


if __name__ == "__main__":
    main(predict, predict_arguments())
