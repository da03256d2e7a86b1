"""Keep the mean of every cell type and perturbation (see ../README.md for the command line)."""

import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import anndata as ad
import numpy as np
import pandas as pd
from contract import main, model_folder, read_options, read_train, train_arguments
from model import Options

from expressionvae.evaluation.baselines import Training


def train(given: Namespace) -> None:
    options = read_options(given.options, Options)
    cells = read_train(given.train)
    obs = pd.DataFrame({"cell_type": cells.cell_type, "perturbation": cells.perturbation})
    obs.index = obs.index.astype(str)
    known = ad.AnnData(cells.counts, obs, uns={"screen": {"control": cells.control}})
    training = Training(known, rescale_to=options.target_sum)
    means = {pair: training.mean(*pair) for pair in training.pairs}
    about = {"genes": cells.genes, "control": cells.control, "options": asdict(options)}
    with model_folder(given.out, **about) as folder:
        np.savez(folder / "means.npz", pairs=np.array([*means]), means=np.stack([*means.values()]))


if __name__ == "__main__":
    main(train, train_arguments())
