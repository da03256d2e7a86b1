"""Hide a measured pair from a screen, predict it, and compare the predictions with what was hidden.

    python benchmarks/hidden.py remove SCREEN.h5ad OUT.h5ad cell_type=B condition=stimulated
    snakemake ... -- predict
    python benchmarks/hidden.py score results/DATASET/predictions/B/stimulated SCREEN.h5ad \
        cell_type=B condition=stimulated --control control
"""

import argparse
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from expressionvae.evaluation.comparison import comparison_space, mean_cell
from expressionvae.metrics.distribution import fd
from expressionvae.metrics.scores import project
from expressionvae.prediction import cells as predicted

RESCALE_TO, COMPONENTS = 10_000, 30


def chosen(cells: ad.AnnData, labels: list[str]) -> np.ndarray:
    """Which cells have all of the labels, each written column=label."""
    pairs = [label.split("=", 1) for label in labels]
    return np.all([cells.obs[column].astype(str).to_numpy() == value for column, value in pairs], axis=0)


def remove(arguments: argparse.Namespace) -> None:
    cells = ad.read_h5ad(arguments.screen)
    away = chosen(cells, arguments.labels)
    cells[~away].write_h5ad(arguments.output)
    print(f"{int(away.sum())} of {cells.n_obs} cells are left out of {arguments.output}")


def score(arguments: argparse.Namespace) -> None:
    cells = ad.read_h5ad(arguments.screen)
    column = arguments.labels[-1].split("=", 1)[0]
    control = [*arguments.labels[:-1], f"{column}={arguments.control}"]
    rows = []
    for path in sorted(Path(arguments.folder).rglob("predicted.h5ad")):
        made = predicted.read(path)
        true, real = (_log(cells[chosen(cells, labels)], made) for labels in (arguments.labels, control))
        shift = mean_cell(true) - mean_cell(real)
        label = predicted.labels_of(made) != made.uns["control"]
        for (training, draw), one in made.obs.groupby(["training", "draw"], observed=True).indices.items():
            log, own = sparse.csr_matrix(made.layers[predicted.LOG])[one], label[one]
            moved = mean_cell(log[own]) - mean_cell(log[~own])
            rows.append(
                {
                    "predictor": str(path.parent.relative_to(arguments.folder)),
                    "training": training,
                    "draw": draw,
                    "fd": _fd(true, log[own]),
                    "pearson_delta": float(np.corrcoef(shift, moved)[0, 1]),
                }
            )
    table = pd.DataFrame(rows)
    print(table.to_string(index=False))
    print(table.groupby("predictor")[["fd", "pearson_delta"]].agg(["mean", "min", "max"]).round(3).to_string())


def _log(cells: ad.AnnData, like: ad.AnnData) -> sparse.csr_matrix:
    """Real cells in the comparison space of the predicted ones: counts over the genes that a model knows."""
    return comparison_space(cells[:, like.var_names].X, rescale_to=RESCALE_TO)


def _fd(true: sparse.csr_matrix, found: sparse.csr_matrix) -> float:
    """As in the paper's protocol: on principal components of the true cells, as many predicted cells as true ones."""
    rows = np.random.default_rng(0).permutation(found.shape[0])[: true.shape[0]]
    clouds = project(true, found[np.sort(rows)], components=COMPONENTS, solver="exact", seed=0)
    return fd(*clouds, ridge=1e-6)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(required=True)
    hiding = actions.add_parser("remove", help="write a screen without the cells that have all of the labels")
    hiding.add_argument("screen")
    hiding.add_argument("output")
    hiding.add_argument("labels", nargs="+", help="column=label")
    hiding.set_defaults(action=remove)
    scoring = actions.add_parser("score", help="compare what was predicted with what the whole screen has")
    scoring.add_argument("folder", help="of a pair, with its page")
    scoring.add_argument("screen")
    scoring.add_argument("labels", nargs="+", help="column=label, the perturbation last")
    scoring.add_argument("--control", required=True)
    scoring.set_defaults(action=score)
    given = parser.parse_args()
    given.action(given)
