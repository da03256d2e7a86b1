"""The Replogle screen of four cell lines: knock-down filter, one gene panel, one file.

Replogle et al. 2022 (K562, RPE1) and Nadig et al. 2025 (HepG2, Jurkat). The filter is that of STATE and
cell-load (github.com/ArcInstitute/cell-load, `filter_on_target_knockdown`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool
from numpy import ndarray
from scipy.sparse import csr_matrix, vstack

from expressionvae.arrays import Library
from expressionvae.data.assembly import (
    Source,
    Split,
    differences,
    locate,
    panel_columns,
    read_split,
    save,
    screen,
    selector,
)
from expressionvae.files import UserError

Kept = Bool[ndarray, "cell"]


@dataclass(frozen=True)
class Filter:
    """Knock-down filter: residual = the target's expression over its mean in controls, at one library size.

    scale: "log" compares log1p values (STATE's preprocessing), "linear" the rescaled values themselves.
    """

    target_residual: float
    cell_residual: float
    min_cells: int
    scale: str
    rescale_to: float

    def __post_init__(self) -> None:
        if self.scale not in ("log", "linear"):
            raise UserError(f"knock-down filter: scale '{self.scale}' is unknown; expected 'log' or 'linear'")

    def expression(self, counts: csr_matrix, library: Library) -> csr_matrix:
        """Counts on the scale of comparison."""
        per_cell = self.rescale_to / np.maximum(library, 1)
        values = counts.multiply(per_cell[:, None]).tocsr()
        return values.log1p() if self.scale == "log" else values


def assemble_replogle(
    sources: Mapping[str, str | Path],
    train_json: str | Path,
    test_json: str | Path,
    output: str | Path,
    *,
    control: str,
    target_residual: float,
    cell_residual: float,
    min_cells: int,
    scale: str,
    rescale_to: float,
    symbol_map: Mapping[str, str],
) -> list[str]:
    """Filter four cell lines, cut them to the split's gene panel and write one screen of raw counts.

    Cells whose target is not in the split's list are left out by name. Prints what differs from the split and
    returns the held-out targets that did not survive (none, if filter and files are those of the paper).

    sources: cell line -> h5ad with obs `gene` and, in var, symbols as `gene_name` or as the index.
    Raises: UserError when the lines are not the split's, a file is not as described, or X is not raw counts.
    """
    split = read_split(train_json, test_json, cell_type="cell_line", perturbation="gene")
    if set(sources) != set(split.cell_types):
        raise UserError(f"{train_json}: lists cell lines {split.cell_types}; the sources are {sorted(sources)}")
    rule = Filter(target_residual, cell_residual, min_cells, scale, rescale_to)
    parts = [_line(line, sources[line], split, control, rule, symbol_map) for line in split.cell_types]
    obs = pd.concat([obs for _, obs in parts])
    listed = set(split.perturbations) - {control}
    differences(set(obs["perturbation"]) - {control}, listed, "targets that survive in some line")
    keep = obs["perturbation"].isin(split.perturbations).to_numpy()
    counts = csr_matrix(vstack([counts for counts, _ in parts], format="csr"))
    adata = screen(counts[keep], obs[keep], split, name="replogle", control=control)
    save(adata, output)
    return _check_heldout(obs, split)


def _check_heldout(obs: pd.DataFrame, split: Split) -> list[str]:
    survivors = set(obs.loc[obs["cell_type"] == split.heldout_cell_type, "perturbation"])
    what = f"held-out targets that survive in {split.heldout_cell_type}"
    return differences(survivors & set(split.heldout), set(split.heldout), what)


def _line(
    line: str, path: str | Path, split: Split, control: str, rule: Filter, symbol_map: Mapping[str, str]
) -> tuple[csr_matrix, pd.DataFrame]:
    """Panel counts and obs of the cells of one line that pass the filter; the file is read once."""
    with Source(path) as source:
        target_of = source.column("obs", "gene")
        names = {gene: canonical(gene, split.perturbations, symbol_map) for gene in set(target_of)}
        label = np.array([names[gene] for gene in target_of], dtype=object)
        is_control = label == control
        if not is_control.any():
            raise UserError(f"{path}: no cell has obs gene '{control}', the control label")
        symbols = source.symbols()
        target = _targets(label, symbols, control, symbol_map)
        cut = selector(panel_columns(source, split.genes, symbol_map), len(symbols))
        own, library = np.zeros(len(label)), np.zeros(len(label))
        control_sum = np.zeros(len(symbols))
        panels = []
        for rows, chunk in source.counts().chunks():
            library[rows] = np.asarray(chunk.sum(axis=1, dtype=np.float64)).ravel()
            values = rule.expression(chunk, library[rows])
            own[rows] = np.asarray(values[np.arange(len(rows)), target[rows]]).ravel()
            control_sum += np.asarray(values[is_control[rows]].sum(axis=0)).ravel()
            panels.append((chunk @ cut).astype(np.int32))
        cells = [f"{line}-{name}" for name in source.names("obs")]
    baseline = np.where(target >= 0, control_sum[target] / is_control.sum(), 0.0)
    keep = knocked_down(label, own, baseline, control, rule)
    _report_line(line, label, target, keep, control)
    obs = pd.DataFrame({"cell_type": line, "perturbation": label, "library_size": library}, index=cells)
    return csr_matrix(vstack(panels, format="csr"))[keep], obs[keep]


def canonical(label: str, listed: list[str], symbol_map: Mapping[str, str]) -> str:
    """A target's name as the split lists it, which may be its outdated or its current symbol."""
    outdated = {new: old for old, new in symbol_map.items()}
    names = (label, symbol_map.get(label), outdated.get(label))
    return next((name for name in names if name in listed), label)


def _targets(label: ndarray, symbols: list[str], control: str, symbol_map: Mapping[str, str]) -> ndarray:
    """Column of each cell's own target; -1 for controls and for targets that the file does not measure."""
    unique = sorted(set(label))
    column = dict(zip(unique, locate(symbols, unique, symbol_map), strict=True)) | {control: -1}
    return np.array([column[name] for name in label], dtype=int)


def knocked_down(
    label: ndarray,
    expression: Library,
    baseline: Library,
    control: str,
    rule: Filter,
) -> Kept:
    """Which cells to keep: all controls, and cells that pass after their target has.

    expression: of the cell's own target, in the cell; baseline: its mean in controls, 0 where it is not
    measured (such targets cannot be checked and are left out, as cell-load does).
    """
    residual = pd.Series(np.divide(expression, baseline, out=np.full(len(label), np.inf), where=baseline > 0))
    target = residual.groupby(label).transform("mean") <= rule.target_residual
    keep = target & (residual <= rule.cell_residual)
    keep &= keep.groupby(label).transform("sum") >= rule.min_cells
    return (keep | (label == control)).to_numpy()


def _report_line(line: str, label: ndarray, target: ndarray, keep: ndarray, control: str) -> None:
    before, after = set(label) - {control}, set(label[keep]) - {control}
    unmeasured = sorted(set(label[target < 0]) - {control})
    print(f"{line}: kept {keep.sum():,} of {len(keep):,} cells, {len(after):,} of {len(before):,} targets")
    if unmeasured:
        print(f"{line}: {len(unmeasured)} targets are not among its genes, left out: {', '.join(unmeasured)}")
