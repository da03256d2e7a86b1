"""Which genes a predicted perturbation moves, and how sure the prediction is of itself: a row a gene."""

from collections.abc import Mapping
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from numpy import ndarray
from scipy import sparse

from expressionvae.evaluation.baselines import Training, groups
from expressionvae.evaluation.comparison import Compared
from expressionvae.files import reading, require, written
from expressionvae.metrics.de import expression
from expressionvae.prediction.cells import LOG, labels_of, write
from expressionvae.stored import table

INNER = 0.95  # share of the replicates that an interval holds
PREDICTED, REAL = "", "_real"  # endings of columns: against predicted controls, against real ones
VALUES = ("log2_fold_change", "low", "high", "fdr")
COLUMNS = ("mean", *(f"{name}{ending}" for ending in (PREDICTED, REAL) for name in VALUES), "replicates")


def effects(cells: ad.AnnData, real: sparse.csr_matrix, *, epsilon: float, threads: int) -> pd.DataFrame:
    """Effects of the perturbation in predicted `cells` (see `cells.assembled`): a row a gene, in their order.

    Args:
        real: real control cells of the type [cell gene], in comparison space.
        epsilon: added to both sides of a fold change, in units of the comparison space's linear scale.

    Columns: mean, expm1 of the mean log1p value of the perturbed cells; log2_fold_change against predicted controls,
    the mean over replicates (each training with each draw), `low` to `high`, which hold the inner 95% of them (NaN
    where there is one), and fdr, the median over replicates of Benjamini-Hochberg's on a Mann-Whitney test of as many
    cells as were asked for: it falls with their number, and tells nothing of the prediction's truth. The same with the
    ending _real against real controls. replicates: their number.
    """
    labels, log = labels_of(cells), sparse.csr_matrix(cells.layers[LOG])
    control, genes = str(cells.uns["control"]), np.asarray(cells.var_names, dtype=str)
    found: dict[str, list[ndarray]] = {name: [] for name in COLUMNS[:-1]}
    for rows in _replicates(cells):
        one = Compared(log[rows], labels[rows], genes, control)
        tested = expression(one, [one.control_cells, real], threads=threads)
        found["mean"].append(tested[0].mean[0])
        for ending, result in zip((PREDICTED, REAL), tested, strict=True):
            found[f"log2_fold_change{ending}"].append(result.fold_change(epsilon)[0])
            found[f"fdr{ending}"].append(result.fdr[0])
    rows = {"gene": genes, "mean": np.mean(found["mean"], axis=0)}
    for ending in (PREDICTED, REAL):
        changes = np.stack(found[f"log2_fold_change{ending}"])
        low, high = _interval(changes)
        rows |= {f"log2_fold_change{ending}": changes.mean(axis=0), f"low{ending}": low, f"high{ending}": high}
        rows[f"fdr{ending}"] = np.median(found[f"fdr{ending}"], axis=0)
    return pd.DataFrame(rows).assign(replicates=len(found["mean"]))


def _replicates(cells: ad.AnnData) -> list[ndarray]:
    return list(groups(cells.obs["training"], cells.obs["draw"]).values())


def _interval(values: ndarray) -> tuple[ndarray, ndarray]:
    """Ends of the inner share of values [replicate gene]; NaN where one replicate shows no spread."""
    if len(values) == 1:
        return (nothing := np.full(values.shape[1], np.nan)), nothing
    low, high = np.quantile(values, [(1 - INNER) / 2, (1 + INNER) / 2], axis=0)
    return low, high


def top(rows: pd.DataFrame, number: int) -> pd.DataFrame:
    """The genes that are moved most, up or down, against predicted controls; those at an FDR below 0.05 first."""
    size = rows["log2_fold_change"].abs()
    order = rows.assign(sure=rows["fdr"] < 0.05, size=size).sort_values(
        ["sure", "size"], ascending=False, kind="stable"
    )
    return rows.loc[order.index[:number]]


def agreement(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Pearson correlation of the fold changes of each two predictors, by their names."""
    changes = pd.DataFrame({name: rows["log2_fold_change"].to_numpy() for name, rows in tables.items()})
    return changes.corr()


def write_beside(
    cells: ad.AnnData,
    training: Training,
    cell_type: str,
    *,
    epsilon: float,
    threads: int,
    cells_path: str | Path,
    effects_path: str | Path,
) -> None:
    """Write the predicted cells of a pair, and the effects that they show.

    training: training cells, with real controls of the type.
    """
    real = training.log_normal(training.controls(cell_type))
    rows = effects(cells, real, epsilon=epsilon, threads=threads)
    write(cells_path, cells)
    save(rows, effects_path)


def save(rows: pd.DataFrame, path: str | Path) -> None:
    with written(path) as temporary:
        rows.to_csv(temporary, index=False)


def read(path: str | Path) -> pd.DataFrame:
    """Read what `save` wrote. Raises UserError when it did not."""
    with reading(path, "predicted effects of a pair"):
        rows = table(path, texts=["gene"], numbers=COLUMNS)
        require(len(rows) > 0, "it holds no gene")
    return rows
