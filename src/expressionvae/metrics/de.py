"""Differential expression of every perturbation against the controls."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import sparse

from expressionvae.evaluation.comparison import Compared, mean_cell, mean_cells
from expressionvae.files import UserError, reading, require, written
from expressionvae.stored import parquet, write_parquet

if TYPE_CHECKING:
    import polars as pl

ROUNDING = 1e-9  # log2 fold changes below this are the rounding of a mean of float64
CELL_TYPE = "cell_type"  # column of a table about several
CHUNK = 64  # genes that a thread takes at once

PerGene = Float[ndarray, "perturbation gene"]
Runs = tuple[ndarray, ndarray, ndarray]


@dataclass(frozen=True)
class Expression:
    """Every perturbation of some cells against their controls, gene by gene.

    Attributes:
        perturbations: labels, sorted.
        genes: names, in panel order.
        mean, control_mean: expm1 of the mean log1p value, on the linear scale.
        p_value: see `p_values`.
        fdr: Benjamini-Hochberg's, within a perturbation.
    """

    perturbations: list[str]
    genes: ndarray
    mean: PerGene
    control_mean: Float[ndarray, "gene"]
    p_value: PerGene
    fdr: PerGene

    def fold_change(self, epsilon: float) -> PerGene:
        """log2((mean + epsilon) / (control_mean + epsilon)).

        Without epsilon +-inf where one side is 0, NaN where both are.
        """
        return log2_ratio(self.mean + epsilon, self.control_mean + epsilon)

    def frame(self, *, epsilon: float) -> "pl.DataFrame":
        """A row for each (perturbation, gene): perturbations sorted, genes in panel order."""
        import polars as pl

        targets = len(self.perturbations)
        return pl.DataFrame(
            {
                "target": np.repeat(self.perturbations, len(self.genes)),
                "feature": np.tile(self.genes, targets),
                "mean": self.mean.ravel(),
                "control_mean": np.tile(self.control_mean, targets),
                "log2_fold_change": self.fold_change(epsilon).ravel(),
                "p_value": self.p_value.ravel(),
                "fdr": self.fdr.ravel(),
            }
        )

    @staticmethod
    def of(frame: "pl.DataFrame", cells: Compared) -> "Expression":
        """What `frame` tells of `cells`. Raises UserError when its rows are not those of their labels and genes."""
        perturbations, genes = cells.perturbations, cells.genes
        expected = (np.repeat(perturbations, len(genes)), np.tile(genes, len(perturbations)))
        for column, values in zip(("target", "feature"), expected, strict=True):
            if not np.array_equal(frame[column].to_numpy(), values):
                raise UserError(
                    f"differential expression: column {column!r} does not list the {len(perturbations)} perturbations "
                    f"and {len(genes)} genes of the cells in their order; it is of other cells, make it again"
                )
        shape = (len(perturbations), len(genes))
        mean, control, p_value, fdr = (
            frame[column].to_numpy().reshape(shape) for column in ("mean", "control_mean", "p_value", "fdr")
        )
        return Expression(perturbations, genes, mean, control[0], p_value, fdr)


def differential_expression(cells: Compared, *, epsilon: float, threads: int) -> "pl.DataFrame":
    """Rows of `Expression.frame`: target, feature, mean, control_mean, log2_fold_change, p_value, fdr.

    Of cells of several types also cell_type: each against the controls of its own.
    """
    import polars as pl

    frames = []
    for name, part in cells.by_cell_type().items():
        frame = expression(part, [part.control_cells], threads=threads)[0].frame(epsilon=epsilon)
        frames.append(frame.with_columns(pl.lit(name).alias(CELL_TYPE)) if name else frame)
    return pl.concat(frames)


def by_cell_type(frame: "pl.DataFrame") -> "dict[str, pl.DataFrame]":
    """The rows of each cell type, as `Compared.by_cell_type` names them."""
    if CELL_TYPE not in frame.columns:
        return {"": frame}
    return {str(name): frame.filter(frame[CELL_TYPE] == name) for name in frame[CELL_TYPE].unique(maintain_order=True)}


def expression(cells: Compared, controls: Sequence[sparse.csr_matrix], *, threads: int) -> list[Expression]:
    """The perturbed `cells` against each of several sets of control cells [cell, gene]."""
    from scipy.stats import false_discovery_control

    mean = np.expm1(mean_cells(cells))
    found = p_values(cells, controls, threads=threads)
    return [
        Expression(
            cells.perturbations,
            cells.genes,
            mean,
            np.expm1(mean_cell(control)),
            p,
            false_discovery_control(p, axis=1, method="bh"),
        )
        for control, p in zip(controls, found, strict=True)
    ]


def log2_ratio(x: ndarray, y: ndarray) -> ndarray:
    """log2(x / y): NaN where both are 0, +-inf where one is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log2(x / y)
    # Equal cells in groups of unequal size differ in the last bits of their means, which ranks would order.
    return np.where(np.abs(ratio) < ROUNDING, 0.0, ratio)


def p_values(cells: Compared, controls: Sequence[sparse.csr_matrix], *, threads: int) -> list[PerGene]:
    """Two-sided Mann-Whitney U test of each gene, asymptotic, tie- and continuity-corrected, on log1p values.

    One array [perturbation, gene] for each set of controls, perturbations sorted. The values are scipy's
    (`mannwhitneyu`, method "asymptotic") and pdex's: 1 where U lies within half a pair of its mean, where the
    continuity correction would overshoot, and 1 for a gene that is the same in all cells. Controls and perturbed
    cells are sorted once for all tests that they are in; zeros are counted and not sorted.
    """
    order = np.argsort(cells.labels, kind="stable")
    order = order[~cells.is_control[order]]
    group = np.unique(cells.labels[order], return_inverse=True)[1].astype(np.int64)
    perturbed = sparse.csc_matrix(cells.X[order], dtype=np.float32)
    references = [sparse.csc_matrix(control, dtype=np.float32) for control in controls]
    assert all(part.nnz == 0 or part.data.min() > 0 for part in (perturbed, *references)), "values are log1p, no zeros"
    genes = len(cells.genes)
    results = [np.empty((len(cells.perturbations), genes)) for _ in controls]

    def take(start: int) -> None:
        for gene in range(start, min(start + CHUNK, genes)):
            runs = _runs(perturbed, gene, group)
            for reference, result in zip(references, results, strict=True):
                result[:, gene] = _against(reference, gene, runs, np.bincount(group))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(take, range(0, genes, CHUNK)))
    return results


def _column(cells: sparse.csc_matrix, gene: int) -> tuple[ndarray, slice]:
    part = slice(cells.indptr[gene], cells.indptr[gene + 1])
    return cells.data[part].view(np.int32), part  # the bits of positive floats are ordered as the floats are


def _runs(perturbed: sparse.csc_matrix, gene: int, group: ndarray) -> Runs:
    """The distinct values of a gene in each group: (group, value, how often)."""
    values, part = _column(perturbed, gene)
    key = (group[perturbed.indices[part]] << 32) | values
    key.sort()
    start = np.flatnonzero(np.diff(key, prepend=-1))
    return key[start] >> 32, (key[start] & 0xFFFFFFFF).astype(np.int32), np.diff(start, append=len(key))


def _against(reference: sparse.csc_matrix, gene: int, runs: Runs, sizes: ndarray) -> ndarray:
    """p-value of every group of `sizes` cells against the reference cells, for one gene."""
    from scipy.special import erfc

    group, value, count = runs
    known, often = np.unique(_column(reference, gene)[0], return_counts=True)
    below = np.concatenate([[0], np.cumsum(often)])
    at = np.searchsorted(known, value)
    equal = np.concatenate([often, [0]])[at] * (np.concatenate([known, [-1]])[at] == value)
    others = reference.shape[0]  # type: ignore[index]
    zeros = others - below[-1]

    def total(per_run: ndarray) -> ndarray:
        return np.bincount(group, weights=per_run, minlength=len(sizes))

    own_zeros = sizes - total(count)
    u = total(count * (zeros + below[at] + equal / 2)) + own_zeros * zeros / 2
    ties = np.sum(_ties(often)) + total(_ties(equal + count) - _ties(equal)) + _ties(zeros + own_zeros)
    n = sizes + others
    variance = sizes * others / 12 * ((n + 1) - ties / (n * (n - 1)))
    distance = np.maximum(np.abs(u - sizes * others / 2) - 0.5, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(distance > 0, distance / np.sqrt(np.maximum(variance, 0)), 0)
    return erfc(z / np.sqrt(2))


def _ties(count: ndarray) -> ndarray:
    count = np.asarray(count, dtype=np.float64)
    return count**3 - count


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
