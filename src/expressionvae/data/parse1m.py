"""The Parse 1M screen: one donor of Parse's PBMC cytokine atlas (12 donors, 10 million cells)."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, vstack

from expressionvae.data.assembly import (
    Source,
    differences,
    first_bad,
    panel_columns,
    read_split,
    save,
    screen,
    selector,
)
from expressionvae.files import UserError


def assemble_parse1m(
    source: str | Path,
    train_json: str | Path,
    test_json: str | Path,
    output: str | Path,
    *,
    control: str,
    donor: str,
    library_column: str | None,
    symbol_map: Mapping[str, str],
) -> list[str]:
    """Cut one donor of the atlas to the split's panel and write a screen of raw counts.

    Returns (and prints) the held-out cytokines that are absent. Cells of labels that the split does not list
    are left out by name.

    source: h5ad with obs donor, cytokine, cell_type; its counts may lie in X, layers/counts or raw/X.
    library_column: obs column with each cell's counts over the full panel; None sums the genes of the file,
        which in a file already cut to 2,000 genes is less than the library (said on stdout).
    Raises: UserError when a column, the donor, the control or raw counts are not there.
    """
    split = read_split(train_json, test_json, cell_type="cell_type", perturbation="cytokine")
    with Source(source) as file:
        donors, label, cell_type = (file.column("obs", name) for name in ("donor", "cytokine", "cell_type"))
        here = donors == donor
        if not here.any():
            raise UserError(f"{source}: no cell of donor '{donor}'; obs donor has {', '.join(sorted(set(donors)))}")
        differences(set(label[here]), set(split.perturbations), f"cytokines of donor {donor}")
        differences(set(cell_type[here]), set(split.cell_types), f"cell types of donor {donor}")
        here &= np.isin(label, split.perturbations) & np.isin(cell_type, split.cell_types)
        rows = np.flatnonzero(here)
        if control not in set(label[rows]):
            raise UserError(f"{source}: donor '{donor}' has no cell of the control '{control}' in obs cytokine")
        counts, library = _counts(file, rows, split.genes, symbol_map)
        library = _library(file, library_column, rows, library)
        columns = {"cell_type": cell_type[rows], "perturbation": label[rows], "library_size": library}
        obs = pd.DataFrame(columns, index=file.names("obs")[rows])
    save(screen(counts, obs, split, name="parse1m", control=control), output)
    print(f"{output}: {len(obs):,} cells of donor {donor}")
    there = set(obs.loc[obs["cell_type"] == split.heldout_cell_type, "perturbation"])
    return differences(
        there & set(split.heldout), set(split.heldout), f"held-out cytokines in {split.heldout_cell_type}"
    )


def _counts(
    file: Source, rows: np.ndarray, genes: list[str], symbol_map: Mapping[str, str]
) -> tuple[csr_matrix, np.ndarray]:
    """Panel counts of some rows, and the sum over all genes of the file."""
    counts = file.counts(counts_key(file))
    cut = selector(panel_columns(file, genes, symbol_map), counts.shape[1])
    panels, sums = [], []
    for _, chunk in counts.chunks(rows):
        panels.append((chunk @ cut).astype(np.int32))
        sums.append(np.asarray(chunk.sum(axis=1, dtype=np.float64)).ravel())
    return csr_matrix(vstack(panels, format="csr")), np.concatenate(sums)


def counts_key(file: Source) -> str:
    """Where the raw counts lie: the first of X, layers/counts, raw/X (same genes) whose first rows are whole.

    Raises: UserError when none is.
    """
    n_genes = len(file.names("var"))
    for key in ("X", "layers/counts", "raw/X"):
        if key in file.file:
            head = file.counts(key).matrix[:100]
            values = np.asarray(head.data if hasattr(head, "indptr") else head, dtype=float)
            if head.shape[1] == n_genes and first_bad(values) is None:
                print(f"{file.path.name}: raw counts in {key}")
                return key
    raise UserError(f"{file.path}: neither X nor layers/counts nor raw/X holds raw counts (whole, not negative)")


def _library(file: Source, column: str | None, rows: np.ndarray, panel_sum: np.ndarray) -> np.ndarray:
    if column is None:
        n_genes = len(file.names("var"))
        print(f"{file.path.name}: library size = sum over the file's {n_genes:,} genes (no library_column)")
        return panel_sum
    library = file.column("obs", column)[rows].astype(float)
    short = np.flatnonzero(library < panel_sum)
    if len(short):
        cell = file.names("obs")[rows[short[0]]]
        raise UserError(f"{file.path}: obs {column} of cell '{cell}' is {library[short[0]]:g}, less than its counts")
    return library
