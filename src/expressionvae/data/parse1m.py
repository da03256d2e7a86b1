"""The Parse 1M screen: one donor of Parse's PBMC cytokine atlas (12 donors, 10 million cells)."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from expressionvae.data import checks
from expressionvae.data.assembly import (
    Split,
    differing,
    histogram,
    lacking,
    missing,
    read_split,
    repeated,
    save_quality,
    stop_or_warn,
)
from expressionvae.data.h5ad import Source
from expressionvae.data.panel import absent
from expressionvae.data.streaming import counts_matrix, slice_h5ad
from expressionvae.files import UserError, reading, require, written

log = logging.getLogger(__name__)

LIBRARIES = ("tscp_count", "n_counts", "total_counts", "nCount_RNA", "n_umi")  # counts of a cell over all genes
LABELS = {"cell_type": "cell_type", "perturbation": "cytokine"}


@dataclass(frozen=True)
class Found:
    """Where raw counts and full-panel library sizes lie: which file, its matrix, its obs column (None: summed)."""

    file: str  # "hvg2000" | "full"
    key: str
    library_column: str | None

    def save(self, path: str | Path) -> None:
        """Write as YAML."""
        with written(path) as temporary:
            temporary.write_text(yaml.safe_dump(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> "Found":
        """Read what `save` wrote. Raises UserError when it did not."""
        with reading(path, "where Parse's raw counts lie (file, key, library_column)"):
            found = cls(**yaml.safe_load(Path(path).read_text(encoding="utf-8")))
            require(found.file in ("hvg2000", "full"), f"file is {found.file!r}")
        return found


def find_counts(
    panel_file: str | Path | None,
    genes: Sequence[str],
    *,
    symbol_map: Mapping[str, str],
    counts_from: str,
    library_column: str | None,
    on_difference: str,
) -> Found:
    """Decide between the file that is already cut to 2,000 genes and the big one, and say why.

    The small file serves if it holds the whole panel `genes`, some matrix in it holds raw counts, and obs has a column
    of full-panel library sizes. counts_from "hvg2000" takes it without such a column too (library sizes are then sums
    over 2,000 genes), and without some of the panel where `on_difference` is "report"; "full" takes the big one unseen.
    Raises: UserError when "hvg2000" is asked for and cannot be had.
    """
    if counts_from == "full" or panel_file is None:
        return Found("full", "", library_column)
    forced = counts_from == "hvg2000"
    with Source(panel_file) as source:
        try:
            matrix = counts_matrix(source)
            key = matrix.key
            said = lacking(source.path.name, absent(matrix.genes, genes, symbol_map), genes)
            if said and not forced:
                raise UserError(said[0])
            stop_or_warn(said, on_difference)
        except UserError as error:
            if forced:
                raise
            log.info(f"{error}\nso the counts come from the full file")
            return Found("full", "", library_column)
        there = source.columns("obs")
        names = [library_column] if library_column else [name for name in LIBRARIES if name in there]
    if names:
        log.info(f"{source.path.name}: full-panel library sizes in obs {names[0]}")
        return Found("hvg2000", key, names[0])
    without = f"{source.path.name}: obs has no full-panel library size (config key library_column; looked for "
    without += f"{', '.join(LIBRARIES)})"
    if forced:
        log.info(f"{without}: library size = sum over its {source.n_genes:,} genes, less than the true one")
        return Found("hvg2000", key, None)
    log.info(f"{without}, so the counts come from the full file")
    return Found("full", "", library_column)


def assemble_parse1m(
    source: str | Path,
    train_json: str | Path,
    test_json: str | Path,
    output: str | Path,
    quality: Mapping[str, str | Path],
    *,
    control: str,
    donor: str,
    key: str | None,
    library_column: str | None,
    symbol_map: Mapping[str, str],
    stated: Mapping[str, Any],
    on_difference: str,
) -> None:
    """Stream one donor of the atlas to the split's panel as a screen of raw counts; only that donor's rows are read.

    Cells of labels that the split does not list are left out by name.

    source: h5ad with obs donor, cytokine, cell_type. key: its matrix of counts; None: X, layers/counts or raw/X.
    library_column: obs column with each cell's counts over the full panel; None sums the genes of the file.
    quality: where to write the tables steps, perturbations, libraries.
    stated: numbers that must hold: `genes` of the file, `donor_cells`.
    on_difference: "stop" or "report" when a number is not as stated, a gene of the panel or a listed label is absent,
        or a cell name occurs twice.
    Raises: UserError when a column, the donor, the control or raw counts are not there.
    """
    split = read_split(train_json, test_json, cell_type="cell_type", perturbation="cytokine")
    cells = _cells(source, split, donor, control, key, symbol_map, stated, on_difference)
    rows = np.flatnonzero(cells["listed"])
    listed = cells.loc[rows, ["cell_type", "perturbation"]]
    about = split.about(listed, name="parse1m", control=control)
    options = {"symbol_map": symbol_map, "key": key, "library_column": library_column, "rows": rows, "uns": about}
    slice_h5ad(source, output, split.genes, labels=LABELS, **options)
    save_quality(quality, _quality(cells, listed, _library(output), donor, control))
    log.info(f"{output}: {len(rows):,} cells of donor {donor}")


def _cells(
    path: str | Path,
    split: Split,
    donor: str,
    control: str,
    key: str | None,
    symbol_map: Mapping[str, str],
    stated: Mapping[str, Any],
    on_difference: str,
) -> pd.DataFrame:
    """cell_type, perturbation of all cells of the atlas, whether of the donor (`here`) and listed in the split too."""
    with Source(path) as file:
        donors = file.labels("obs", "donor")
        cells = pd.DataFrame({name: file.labels("obs", column) for name, column in LABELS.items()})
        if donor not in donors.categories:
            there = checks.some(sorted(donors.categories))
            raise UserError(f"{path}: no cell of donor '{donor}' (config key donor); obs donor has {there}")
        cells["here"] = donors.codes == donors.categories.get_loc(donor)
        of_donor, name = cells[cells["here"]], Path(path).name
        found = {"genes": file.n_genes, "donor_cells": len(of_donor)}
        said = differing(f"{name}, donor {donor},", found, stated)
        table = file.matrix(key).genes if key else file.frame("var")
        said += lacking(name, absent(table, split.genes, symbol_map), split.genes)
        said += repeated(f"{name}, donor {donor},", file.names("obs", np.flatnonzero(cells["here"])))
    said += missing(of_donor["perturbation"].unique(), split.perturbations, f"cytokines of donor {donor}")
    said += missing(of_donor["cell_type"].unique(), split.cell_types, f"cell types of donor {donor}")
    away = of_donor.loc[(of_donor["cell_type"] == split.heldout_cell_type).to_numpy(), "perturbation"].unique()
    what = f"held-out cytokines in {split.heldout_cell_type}"
    said += missing(set(away) & {*split.heldout}, split.heldout, what)
    stop_or_warn(said, on_difference)
    cells["listed"] = (
        cells["here"] & cells["perturbation"].isin(split.perturbations) & cells["cell_type"].isin(split.cell_types)
    )
    if not (cells.loc[cells["listed"], "perturbation"] == control).any():
        raise UserError(f"{path}: donor '{donor}' has no cell of the control '{control}' in obs cytokine")
    return cells


def _library(output: str | Path) -> np.ndarray:
    with Source(output) as screen:
        return screen.numbers("obs", "library_size")


def _quality(
    cells: pd.DataFrame, listed: pd.DataFrame, library: np.ndarray, donor: str, control: str
) -> dict[str, pd.DataFrame]:
    stages = {"in the file": slice(None), f"donor {donor}": cells["here"], "listed in the split": cells["listed"]}
    rows = [
        {
            "step": step,
            "cells": len(part),
            "perturbations": part["perturbation"].nunique() - 1,
            "controls": int((part["perturbation"] == control).sum()),
            "cell_type": "all",
        }
        for step, part in ((step, cells.loc[here, ["perturbation"]]) for step, here in stages.items())
    ]
    groups = listed.astype(str).groupby(["cell_type", "perturbation"]).size().rename("cells").reset_index()
    types = listed["cell_type"].astype(str).to_numpy()
    by_type = [histogram(library[types == name], cell_type=name, group="kept") for name in np.unique(types)]
    return {"steps": pd.DataFrame(rows), "perturbations": groups, "libraries": pd.concat(by_type)}
