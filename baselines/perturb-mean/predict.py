"""Move each control cell by the mean effect in other cell types (see ../README.md for the command line)."""

import sys
from argparse import Namespace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import numpy as np
import pandas as pd
from contract import Mistake, main, predict_arguments, read_model, read_options, read_query, write_cells
from model import Options

from expressionvae.evaluation.baselines import Effects, moved
from expressionvae.files import UserError


def predict(given: Namespace) -> None:
    read_options(given.options, Options)
    about = read_model(given.model)
    query = read_query(given.query, about["genes"])
    with np.load(given.model / "means.npz") as stored:
        means = {(str(cell_type), str(label)): mean for (cell_type, label), mean in zip(*stored.values(), strict=True)}
    wanted = pd.DataFrame({"cell_type": query.cell_type, "perturbation": query.perturbation})
    target_sum = about["options"]["target_sum"]
    try:
        cells = moved(query.counts, wanted, Effects(means, about["control"]), rescale_to=target_sum)
    except UserError as error:
        raise Mistake(str(error)) from error
    write_cells(given.out, cells, query, "linear", target_sum)


if __name__ == "__main__":
    main(predict, predict_arguments())
