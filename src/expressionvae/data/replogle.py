"""The Replogle screen of four cell lines: knock-down filter, one gene panel, one file.

Replogle et al. 2022 (K562, RPE1) and Nadig et al. 2025 (HepG2, Jurkat).
"""

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy import ndarray

from expressionvae.arrays import Library
from expressionvae.data.assembly import (
    Split,
    differing,
    histogram,
    lacking,
    read_split,
    repeated,
    save_quality,
    spelled_twice,
    stop_or_warn,
)
from expressionvae.data.h5ad import Source
from expressionvae.data.knockdown import (
    Filter,
    Kept,
    Targets,
    knocked_down,
    own_counts,
    residuals,
    steps,
    summed_expression,
)
from expressionvae.data.normalisation import median_library
from expressionvae.data.panel import Panel, canonical, doubtful, locate, names_like
from expressionvae.data.replogle_survivors import by_scale, unexpected_targets
from expressionvae.data.streaming import Writer, cut, distinct, libraries, passed, passing, scratch
from expressionvae.files import UserError, written

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Line:
    """One cell line's file, open: each cell's target as the split names it, and where that target is measured."""

    name: str
    source: Source
    label: ndarray
    target: Targets
    panel: Panel

    @classmethod
    def of(cls, name: str, source: Source, split: Split, control: str, symbol_map: Mapping[str, str]) -> "Line":
        """Labels and genes of a line. Raises: UserError when a column, the symbols or the controls are absent."""
        published = source.labels("obs", "gene")
        listed = set(split.perturbations)
        names = np.array([canonical(gene, listed, symbol_map) for gene in published.categories], dtype=object)
        label = names[published.codes]
        if not (label == control).any():
            raise UserError(f"{source.path}: no cell has obs gene '{control}', the control label")
        symbols = names_like(source.frame("var"), split.genes, symbol_map)
        targets = sorted({*names} - {control})
        column = {**dict(zip(targets, locate(symbols, targets, symbol_map), strict=True)), control: -1}
        place = np.array([column[gene] for gene in names])
        doubts = doubtful(symbols, targets, symbol_map)
        if doubts:
            log.info(f"{name}: {len(doubts)} targets are ambiguous in var: {', '.join(doubts)}")
        renamed = [f"{old} as {new}" for old, new in zip(published.categories, names, strict=True) if old != new]
        if renamed:
            log.info(f"{name}: {len(renamed)} targets are listed under another symbol: {', '.join(renamed)}")
        return cls(name, source, label, place[published.codes], Panel.of(source.frame("var"), split.genes, symbol_map))

    def differences(self, stated: Mapping[str, Any], split: Split, control: str) -> list[str]:
        """What is not as stated of the file, or not as a screen needs it; and labels that are spelled otherwise."""
        name, controls = self.source.path.name, int((self.label == control).sum())
        found = {"cells": len(self.label), "genes": self.source.n_genes, "controls": controls}
        said = differing(name, found, stated) + lacking(name, self.panel.absent, self.panel.genes)
        said += repeated(name, self.source.names("obs"))
        return said + spelled_twice(f"{self.name}, obs gene", {*self.label, *split.perturbations})


@dataclass(frozen=True)
class Measured:
    """What the pass over a line's file finds: library sizes, and by residual scale each cell's residual."""

    library: Library
    residual: Mapping[str, ndarray]


def assemble_replogle(
    sources: Mapping[str, str | Path],
    train_json: str | Path,
    test_json: str | Path,
    output: str | Path,
    quality: Mapping[str, str | Path],
    *,
    control: str,
    target_residual: float,
    cell_residual: float,
    min_cells: int,
    scale: str,
    rescale_to: float,
    symbol_map: Mapping[str, str],
    stated: Mapping[str, Mapping[str, Any]],
    on_difference: str,
) -> None:
    """Filter four cell lines, cut them to the split's gene panel and write one screen of raw counts.

    Each file is read once, a block of cells at a time. Cells whose target is not in the split's list are left out by
    name. Library sizes are sums over all genes of a line's own file, and obs `median_library` is their median over
    the cells that are kept of it. The panel's counts of a line lie in a scratch file until its filter is known.

    sources: cell line -> h5ad with obs `gene` and, in var, symbols as `gene_name` or as the index.
    quality: where to write the tables steps, perturbations, libraries.
    stated: cell line -> cells, genes, controls that its file must have.
    on_difference: "stop" or "report" when a number is not as stated, a gene of the panel is absent, a cell name occurs
        twice (all before counts are read), or a listed target does not survive the filter.
    Raises: UserError when the lines are not the split's, a file is not as described, or X is not raw counts.
    """
    split = read_split(train_json, test_json, cell_type="cell_line", perturbation="gene")
    if set(sources) != set(split.cell_types):
        raise UserError(f"{train_json}: lists cell lines {split.cell_types}; the sources are {sorted(sources)}")
    rule = Filter(target_residual, cell_residual, min_cells, scale, rescale_to)
    with ExitStack() as stack:
        files = {line: stack.enter_context(Source(sources[line])) for line in split.cell_types}
        lines = [Line.of(name, file, split, control, symbol_map) for name, file in files.items()]
        for line in lines:  # what can be known before the counts are read, of all files
            line.source.matrix().probe()
        differences = [line.differences(stated.get(line.name, {}), split, control) for line in lines]
        stop_or_warn([said for of_line in differences for said in of_line], on_difference)
        writer = Writer(stack.enter_context(written(output)), len(split.genes))
        parts = [_filtered(line, split, control, rule, writer) for line in lines]
        obs = pd.concat([part["obs"] for part in parts]).astype({"cell_type": "category", "perturbation": "category"})
        tables = {name: pd.concat([part[name] for part in parts]) for name in quality}
        survivors = by_scale(pd.concat([part["survivors"] for part in parts]), split, control, scale)
        log.info("\n".join(survivors))
        unexpected = unexpected_targets(tables["perturbations"], split, control)
        stop_or_warn(unexpected + survivors if unexpected else [], on_difference)
        writer.finish(obs, split.genes, split.about(obs, name="replogle", control=control))
    save_quality(quality, tables)


def _filtered(line: Line, split: Split, control: str, rule: Filter, writer: Writer) -> dict[str, pd.DataFrame]:
    """Append the cells of a line that pass the filter; return their table and the line's quality tables."""
    with scratch(writer.file.filename) as path:
        spool = Writer(path, len(split.genes), compression=None)
        measured = _measured(line, control, rule, spool)
        spool.end()
        passed = {
            scale: knocked_down(line.label, measured.residual[scale], control, bounds)
            for scale, bounds in rule.on_each_scale().items()
        }
        keep, targets = passed[rule.scale]
        kept = keep & np.isin(line.label, split.perturbations)
        for cells in spool.blocks(np.flatnonzero(kept)):
            writer.append(cells)
        spool.file.close()
    _report(line, targets, keep, control)
    stages = steps(line.label, targets, control)
    listed_cells = {"step": "listed in the split", "cells": int(kept.sum()), "controls": stages["controls"].iloc[0]}
    listed_cells["perturbations"] = len({*line.label[kept]} - {control})
    is_control, library = line.label == control, measured.library
    alive = [there.loc[there["why"] == "kept", ["perturbation"]].assign(scale=s) for s, (_, there) in passed.items()]
    return {
        "obs": _table(line, library, kept),
        "survivors": pd.concat(alive).assign(cell_type=line.name),
        "steps": pd.concat([stages, pd.DataFrame([listed_cells])]).assign(cell_type=line.name),
        "perturbations": targets.assign(cell_type=line.name, listed=targets["perturbation"].isin(split.perturbations)),
        "libraries": pd.concat(
            [
                histogram(library[is_control], cell_type=line.name, group="control"),
                histogram(library[~is_control & kept], cell_type=line.name, group="kept"),
                histogram(library[~is_control & ~kept], cell_type=line.name, group="left out"),
            ]
        ),
    }


def _table(line: Line, library: Library, kept: Kept) -> pd.DataFrame:
    """Labels and library sizes of the cells of a line that are kept."""
    names = distinct(line.source.names("obs"))[kept]
    obs = pd.DataFrame({"cell_type": line.name, "perturbation": line.label[kept]}, index=f"{line.name}-" + names)
    obs["library_size"] = library[kept].astype(np.float32)
    obs["median_library"] = np.float32(median_library(library[kept]))
    return obs


def _measured(line: Line, control: str, rule: Filter, spool: Writer) -> Measured:
    """One pass over a line's file. The panel's counts of every cell go to `spool`."""
    is_control, rules = line.label == control, rule.on_each_scale()
    own, library = np.zeros(len(line.label)), np.zeros(len(line.label))
    control_sum = {scale: np.zeros(line.source.n_genes) for scale in rules}
    progress = passing(f"{line.name} ({line.source.path.name})", len(line.label))
    for rows, block in line.source.matrix().blocks():
        library[rows] = libraries(block)
        own[rows] = own_counts(block, line.target[rows])
        controls = is_control[rows]
        for scale, bounds in rules.items():
            control_sum[scale] += summed_expression(block[controls], library[rows][controls], bounds)
        spool.append(cut(block, line.panel))
        passed(progress, block)
    residual = {}
    for scale, bounds in rules.items():
        mean = control_sum[scale] / is_control.sum()
        baseline = np.where(line.target >= 0, mean[line.target], 0.0)
        residual[scale] = residuals(bounds.expression(own, library), baseline)
    return Measured(library, residual)


def _report(line: Line, targets: pd.DataFrame, keep: Kept, control: str) -> None:
    kept = int((targets["why"] == "kept").sum())
    log.info(f"{line.name}: kept {keep.sum():,} of {len(keep):,} cells, {kept:,} of {len(targets):,} targets")
    unmeasured = sorted({*line.label[line.target < 0]} - {control})
    if unmeasured:
        log.info(f"{line.name}: {len(unmeasured)} targets are not among its genes, left out: {', '.join(unmeasured)}")
