"""Add the predicted change to each control cell (see ../README.md for the command line)."""

import sys
from argparse import Namespace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import numpy as np
from contract import (
    index,
    log_normal,
    main,
    predict_arguments,
    read_model,
    read_options,
    read_query,
    write_cells,
)
from model import Options
from scipy import sparse


def predict(given: Namespace) -> None:
    read_options(given.options, Options)
    about = read_model(given.model)
    target_sum = about["options"]["target_sum"]
    query = read_query(given.query, about["genes"])
    with np.load(given.model / "model.npz") as stored:
        change = np.vstack([stored["change"], np.zeros(len(about["genes"]), np.float32)])  # the last one: control
    wanted = query.perturbation != about["control"]
    row = np.full(len(query), len(change) - 1)
    row[wanted] = index(query.perturbation[wanted], about["labels"], "perturbation")
    log = log_normal(query.counts, target_sum)
    blocks = []
    for first in range(0, len(query), 1024):  # so that memory does not grow with the query
        block = slice(first, first + 1024)
        blocks.append(sparse.csr_matrix(np.maximum(log[block].toarray() + change[row[block]], 0)))
    write_cells(given.out, sparse.csr_matrix(sparse.vstack(blocks)), query, "log1p", target_sum)


if __name__ == "__main__":
    main(predict, predict_arguments())
