"""Keep the genes, for there is nothing to learn (see ../README.md for the command line)."""

import sys
from argparse import Namespace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

from contract import main, model_folder, read_options, read_train, train_arguments
from model import Options


def train(given: Namespace) -> None:
    read_options(given.options, Options)
    with model_folder(given.out, genes=read_train(given.train).genes):
        pass


if __name__ == "__main__":
    main(train, train_arguments())
