"""Give each control cell back as it is (see ../README.md for the command line)."""

import sys
from argparse import Namespace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

from contract import main, predict_arguments, read_model, read_options, read_query, write_cells
from model import Options


def predict(given: Namespace) -> None:
    read_options(given.options, Options)
    query = read_query(given.query, read_model(given.model)["genes"])
    write_cells(given.out, query.counts, query, "counts")


if __name__ == "__main__":
    main(predict, predict_arguments())
