"""Differential expression of every perturbation against the controls, the table that cell-eval takes."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from expressionvae.files import reading, require, written
from expressionvae.metrics.space import Cells
from expressionvae.stored import parquet, write_parquet

if TYPE_CHECKING:
    import polars as pl

ROUNDING = 1e-9  # log2 fold changes below this are the rounding of a mean of float64


def differential_expression(cells: Cells, *, threads: int) -> "pl.DataFrame":
    """Two-sided Mann-Whitney U test of each gene, tie- and continuity-corrected, on log1p values.

    Returns one row per (perturbation, gene), perturbations sorted, genes in panel order: target, feature,
    log2_fold_change, p_value, fdr (Benjamini-Hochberg within a perturbation). The fold change is that of
    cell-eval's pdex: ratio of geometric means, expm1(mean(log1p)), without pseudocount: a gene seen on one
    side only has +-inf, a gene seen on neither has 0. Same numbers as pdex in a fraction of its time.
    """
    import polars as pl

    p_value = _p_values(cells, threads=threads)
    means = {label: _geometric_mean(cells, label) for label in [*cells.perturbations, cells.control]}
    targets, genes = cells.perturbations, len(cells.genes)
    return pl.DataFrame(
        {
            "target": np.repeat(targets, genes),
            "feature": np.tile(cells.genes, len(targets)),
            "log2_fold_change": np.concatenate([log2_ratio(means[t], means[cells.control]) for t in targets]),
            "p_value": p_value.ravel(),
            "fdr": _adjusted(p_value).ravel(),
        }
    )


def log2_ratio(x: ndarray, y: ndarray) -> ndarray:
    """log2(x / y); 0 where both are 0, +-inf where one is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where((x == 0) & (y == 0), 0.0, np.log2(x) - np.log2(y))
    # Equal cells in groups of unequal size differ in the last bits of their means, which ranks would order.
    return np.where(np.abs(ratio) < ROUNDING, 0.0, ratio)


def write_de(frame: "pl.DataFrame", path: str | Path) -> None:
    with written(path) as temporary:
        write_parquet(temporary, frame.to_arrow())


def read_de(path: str | Path) -> "pl.DataFrame":
    """Read what `write_de` wrote. Raises UserError when it did not."""
    import polars as pl

    with reading(path, "a table of differential expression"):
        frame = pl.DataFrame(parquet(path, "target", "feature", "log2_fold_change", "p_value", "fdr"))
        require(len(frame) > 0, "it has no row")
        for name in ("p_value", "fdr"):
            require(
                frame[name].is_between(0, 1).fill_null(False).all(), f"column {name!r} holds what is no probability"
            )
    return frame


def _p_values(cells: Cells, *, threads: int) -> ndarray:
    """[perturbation, gene], perturbations sorted."""
    from illico import asymptotic_wilcoxon
    from loguru import logger

    logger.disable("illico")
    table: Any = asymptotic_wilcoxon(
        cells.anndata(),
        is_log1p=True,
        group_keys="perturbation",
        reference=cells.control,
        n_threads=threads,
        alternative="two-sided",
        use_continuity=True,
        tie_correct=True,
    )
    genes = len(cells.genes)
    order = table.index.get_level_values("pert")[::genes].get_indexer(cells.perturbations)
    return table["p_value"].to_numpy().reshape(-1, genes)[order]


def _geometric_mean(cells: Cells, label: str) -> ndarray:
    rows = np.flatnonzero(cells.labels == label)
    return np.expm1(np.asarray(cells.X[rows].astype(np.float64).mean(axis=0)).ravel())


def _adjusted(p_value: ndarray) -> ndarray:
    from scipy.stats import false_discovery_control

    return false_discovery_control(p_value, axis=1, method="bh")
