"""Fit the linear model (see ../README.md for the command line)."""

import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import numpy as np
from contract import Mistake, Progress, main, model_folder, read_options, read_train, read_vectors, train_arguments
from model import Options, changes, fit, gene_embedding, pseudobulks


def train(given: Namespace) -> None:
    options = read_options(given.options, Options)
    vectors = read_vectors(given.perturbations) if options.perturbation_embedding == "vectors" else None
    cells = read_train(given.train)
    progress = Progress("linear", 2)

    bulk = pseudobulks(cells, options.target_sum)
    change = changes(bulk, cells.control)
    progress(1, float(np.mean(np.square(list(change.values())))))

    seen = list(change)
    if vectors is None:
        vectors = dict(zip(seen, np.eye(len(seen), dtype=np.float32), strict=True))
    for label in seen:
        if label not in vectors:
            raise Mistake(f"{given.perturbations}: no vector of perturbation {label!r}, which training cells have")
    Y = np.stack([change[label] for label in seen], axis=1)
    P = np.stack([vectors[label] for label in seen], axis=1).astype(np.float64)
    G = gene_embedding(bulk, options.components)
    W, b = fit(Y, G, P, options.ridge)
    progress(2, float(np.mean((Y - G @ W @ P - b[:, None]) ** 2)))

    predictable = sorted(vectors)
    moved = G @ W @ np.stack([vectors[label] for label in predictable], axis=1) + b[:, None]
    about = {"genes": cells.genes, "control": cells.control, "labels": predictable, "options": asdict(options)}
    with model_folder(given.out, **about, seed=given.seed) as folder:
        np.savez_compressed(folder / "model.npz", W=W, b=b, G=G, change=moved.T.astype(np.float32))


if __name__ == "__main__":
    main(train, train_arguments())
