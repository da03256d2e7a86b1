"""Train CellFlow (see ../README.md for the command line)."""

import os
import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))
os.environ["TQDM_DISABLE"] = "1"  # its bar would fill a log

import anndata as ad
import numpy as np
from cellflow.preprocessing import centered_pca
from contract import Mistake, log_normal, main, model_folder, read_options, read_train, read_vectors, train_arguments
from model import Options, Told, one_hot, population, prepared, settle


def train(given: Namespace) -> None:
    options = read_options(given.options, Options)
    settle(given.threads, given.device)
    vectors = read_vectors(given.perturbations) if options.perturbation_embedding == "vectors" else None
    cells = read_train(given.train)
    label = np.where(cells.is_control, cells.control, cells.perturbation)
    seen = sorted({*label} - {cells.control})
    vectors = one_hot(seen) if vectors is None else vectors
    for name in seen:
        if name not in vectors:
            raise Mistake(f"{given.perturbations}: no vector of perturbation {name!r}, which training cells have")
    vectors = vectors | {cells.control: np.zeros_like(vectors[seen[0]])}

    rows = np.flatnonzero(np.isin(cells.cell_type, cells.cell_type[cells.is_control]))
    if len(rows) < len(cells):
        print(f"{len(cells) - len(rows)} cells are left out: their cell type has no control cell", file=sys.stderr)
    log = ad.AnnData(log_normal(cells.counts[rows], options.target_sum))
    centered_pca(log, min(options.components, *(size - 1 for size in log.shape)), keep_centered_data=False)
    cell_types = sorted({*cells.cell_type[rows]})
    known = population(
        np.asarray(log.obsm["X_pca"], np.float32),
        cells.cell_type[rows],
        label[rows],
        cells.is_control[rows],
        vectors,
        one_hot(cell_types),
    )
    flow = prepared(known, options, given.seed)
    flow.train(options.steps, options.batch_size, valid_freq=10, callbacks=[Told(flow, options.steps)])

    about = {"genes": cells.genes, "control": cells.control, "labels": sorted(vectors), "cell_types": cell_types}
    with model_folder(given.out, **about, options=asdict(options), seed=given.seed) as folder:
        flow.save(str(folder))
        mean, components = np.asarray(log.varm["X_mean"]).ravel(), np.asarray(log.varm["PCs"])
        np.savez(folder / "components.npz", mean=mean, components=components.astype(np.float32))


if __name__ == "__main__":
    main(train, train_arguments())
