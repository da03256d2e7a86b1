"""Move each control cell by the mean change of its perturbation."""

import sys
from argparse import Namespace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import numpy as np
from contract import index, log_normal, main, predict_arguments, read_model, read_options, read_query, write_cells
from settings import Options


def predict(given: Namespace) -> None:
    read_options(given.options, Options)
    about = read_model(given.model)
    query = read_query(given.query, about["genes"])
    target_sum = about["options"]["target_sum"]
    shifts = np.load(given.model / "shifts.npy")[index(query.perturbation, about["labels"], "perturbation")]
    values = log_normal(query.counts, target_sum).toarray() + shifts
    write_cells(given.out, values.clip(min=0), query, "log1p", target_sum)


if __name__ == "__main__":
    main(predict, predict_arguments())
