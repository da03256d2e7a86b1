"""Keep the mean log value of every perturbation."""

import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import numpy as np
from contract import log_normal, main, model_folder, read_options, read_train, train_arguments
from settings import Options


def train(given: Namespace) -> None:
    options = read_options(given.options, Options)
    cells = read_train(given.train)
    values = log_normal(cells.counts, options.target_sum)
    labels = sorted(set(cells.perturbation))
    means = np.stack([np.asarray(values[cells.perturbation == label].mean(axis=0)).ravel() for label in labels])
    shifts = means - means[labels.index(cells.control)]
    about = {"genes": cells.genes, "labels": labels, "options": asdict(options)}
    with model_folder(given.out, **about) as folder:
        np.save(folder / "shifts.npy", shifts.astype(np.float32))


if __name__ == "__main__":
    main(train, train_arguments())
