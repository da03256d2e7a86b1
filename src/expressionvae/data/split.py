"""The split: training cells, and held-out combinations of cell type and perturbation."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy import ndarray
from scipy.sparse import csr_matrix, vstack

from expressionvae.data import batch_checks, batches, checks
from expressionvae.data import heldout as combinations
from expressionvae.data.assembly import lacking, stop_or_warn
from expressionvae.data.frames import Rows
from expressionvae.data.labels import Unquoted, unquoted
from expressionvae.data.normalisation import median_library
from expressionvae.data.panel import Panel
from expressionvae.data.screen import Columns, Screen
from expressionvae.data.screen_labels import Labels
from expressionvae.data.spellings import dropped, one_spelling, refuse_aliases
from expressionvae.data.streaming import Writer
from expressionvae.files import UserError, written

log = logging.getLogger(__name__)

RANKED = 30_000  # training cells at most from which variable genes are ranked: about a gigabyte of counts


def prepare(
    source: str | Path,
    train_path: str | Path,
    heldout_path: str | Path,
    *,
    name: str,
    columns: Columns,
    control: Unquoted,
    embedding: str,
    min_cells: int,
    genes: int | Sequence[str] | None,
    heldout: combinations.Wanted,
    separator: str | None = None,
    on_alias: str = "stop",
    on_difference: str = "stop",
    drop: Sequence[Unquoted | None] = (),
    described: Callable[[Labels], None] | None = None,
) -> None:
    """Stream the screen at `source` into its training cells and its held-out cells, on the same genes.

    Cells without a single count on those genes are left out, and their number is printed: no rescaling is defined
    for them. obs of both has `library_size` and `median_library`, that of the file which a cell comes from: a screen
    of several files says it, one of a single file has the median of its training cells for all. Holds one block of
    cells at a time, and `RANKED` of them where genes are to be chosen.

    heldout: as in the config (see `data.heldout`); None: every cell is a training cell, and `heldout_path` has none.
    genes: how many most variable genes to keep, chosen on training cells only; or the genes themselves, in their order
    (None: all). on_difference: "stop", or "report" and zeros where the file lacks some of these. separator, on_alias:
    see `labels`; what the config names is found under any spelling. described: refuses labels whose proteins do not
    tell them apart. drop: labels or patterns of perturbations whose cells are left out; None: cells without a label.
    Raises UserError, before anything is written, for each mistake listed in `checks`.
    """
    source = Path(source)
    with (
        Screen(source, columns, unlabelled=None in drop) as screen,
        written(train_path) as train,
        written(heldout_path) as away,
    ):
        # labels first: most mistakes show before the counts are read
        kept = ~dropped(source, screen.cells["perturbation"], drop, control)
        cells = _labelled(screen, kept, columns.batch, control, heldout, separator, on_alias)
        control, heldout = combinations.in_the_file(cells, control, heldout, separator)
        rules: dict[str, Any] = dict(control=control, embedding=embedding, min_cells=min_cells)
        chosen = combinations.choose(source, cells, **rules, wanted=heldout)
        _check(source, cells, chosen, **rules)
        is_away = combinations.is_heldout(cells, chosen)
        if described is not None:
            described(Labels.of(cells[~is_away], cells[is_away], control, embedding))
        screen.matrix.probe()
        cells, is_away = cells.reindex(screen.cells.index), _in_all(is_away, kept)  # rows as the file has them
        panel = _panel(screen, np.flatnonzero(kept & ~is_away), genes, on_difference)
        writers = {part: Writer(path, len(panel.genes)) for part, path in ((False, train), (True, away))}
        library, filled = np.zeros(len(cells), np.float32), np.zeros(len(cells), bool)
        for rows, counts, sums in screen.blocks(panel):
            library[rows], filled[rows] = sums, kept[rows] & (np.diff(counts.indptr) > 0)
            for part, writer in writers.items():
                writer.append(csr_matrix(counts[filled[rows] & (is_away[rows] == part)]))
        _say_empty(source, filled[kept], panel, genes)
        if not filled.any():
            raise UserError(f"{source}: {screen.matrix.key} holds no count at all, only zeros; expected raw counts")
        _check(source, cells[filled], chosen, **rules, gone=int((kept & ~filled).sum()))  # again: some may have gone
        if columns.batch:
            batch_checks.doubts(source, cells[filled], chosen, control=control)
        types = np.array(list(chosen), dtype=object)
        about = dict(name=name, control=control, heldout_cell_types=types, embedding=embedding)
        median = screen.median
        if median is None:
            median = np.full(len(cells), median_library(library[filled & ~is_away]))
        for part, writer in writers.items():
            here = filled & (is_away == part)
            writer.finish(_obs(cells[here], library[here], median[here]), panel.genes, {"screen": about})
    log.info(
        f"{name}: {len(panel.genes)} genes; {int((filled & ~is_away).sum())} training cells; "
        f"{_said(cells[filled & is_away], chosen)}"
    )


def _labelled(
    screen: Screen,
    kept: ndarray,
    batch: str | None,
    control: Unquoted,
    heldout: combinations.Wanted,
    separator: str | None,
    on_alias: str,
) -> pd.DataFrame:
    """The cells that are kept, each label under one spelling, every batch with a name."""
    source, cells = screen.path, screen.cells[kept]
    if batch:
        batch_checks.labels(source, cells[batches.COLUMN], batch)
        refuse_aliases(source, batch, cells[batches.COLUMN])
    return one_spelling(
        source,
        cells,
        control=unquoted(control, cells["perturbation"].unique()),
        separator=separator,
        on_alias=on_alias,
        named=combinations.named(cells, heldout),
    )


def _check(
    source: Path, cells: pd.DataFrame, chosen: combinations.Chosen, *, control: str, min_cells: int, **others: Any
) -> None:
    checks.split(source, cells, chosen, control=control, min_cells=min_cells, **others)
    if batches.COLUMN in cells:
        batch_checks.matching(source, cells, chosen, control=control, min_cells=min_cells)


def _in_all(here: ndarray, kept: ndarray) -> ndarray:
    """A truth for each row of the file from those of the rows that are kept; false for others."""
    whole = np.zeros(len(kept), bool)
    whole[kept] = here
    return whole


def _said(away: pd.DataFrame, chosen: combinations.Chosen) -> str:
    """What is held out, in words."""
    parts = [
        f"{int((away['cell_type'] == cell_type).sum())} held-out cells of '{cell_type}' in {len(labels)} perturbations"
        for cell_type, labels in chosen.items()
    ]
    return "; ".join(parts) or "nothing is held out"


def _panel(screen: Screen, training: Rows, genes: int | Sequence[str] | None, on_difference: str) -> Panel:
    """The genes to keep: all, so many, or those that are listed."""
    if genes is None:
        return screen.whole_panel()
    if isinstance(genes, int):
        return most_variable(screen, training, genes)
    panel = Panel.found(screen.genes.tolist(), genes, {})
    if len(panel.absent) == len(genes):
        raise UserError(
            f"{screen.path}: has none of the {len(genes)} genes of config key genes ({checks.some(genes)}); "
            f"its genes are {checks.some(screen.genes)}"
        )
    stop_or_warn(lacking(screen.path.name, panel.absent, panel.genes), on_difference)
    return panel


def _say_empty(source: Path, filled: ndarray, panel: Panel, genes: int | Sequence[str] | None) -> None:
    if not filled.all():
        which = "most variable" if isinstance(genes, int) else "listed"
        where = f"{source}" if genes is None else f"{source}: on the {len(panel.genes)} {which} genes"
        log.info(f"{where}: left out {int((~filled).sum())} of {len(filled)} cells, which have no count at all")


def _obs(cells: pd.DataFrame, library: ndarray, median: ndarray) -> pd.DataFrame:
    """The table of cells, with categories that hold only the labels in use."""
    obs = pd.DataFrame({label: pd.Categorical(cells[label]) for label in ("cell_type", "perturbation")})
    if batches.COLUMN in cells:
        obs[batches.COLUMN] = pd.Categorical(cells[batches.COLUMN])
    obs.index = cells.index
    obs["library_size"] = library
    obs["median_library"] = median.astype(np.float32)
    return obs


def most_variable(screen: Screen, training: Rows, genes: int) -> Panel:
    """Return the genes with the largest variance of Pearson residuals over training cells, in the file's order.

    Lause, Berens & Kobak 2021, on raw counts; scanpy.readthedocs.io, experimental.pp.highly_variable_genes.
    Ranking dispersions of log values ("seurat") instead left interferon genes (ISG15, IFIT1, IFI6) out of
    400 genes of an interferon screen, for genes that few cells express.
    Of more than `RANKED` training cells as many are taken, evenly spaced through the file; those without a count are
    left out.
    """
    if len(training) > RANKED:
        training = training[np.linspace(0, len(training) - 1, RANKED).astype(int)]
        log.info(f"{screen.path.name}: variable genes are chosen on {RANKED:,} training cells, evenly spaced")
    parts = [counts for _, counts, _ in screen.blocks(screen.whole_panel(), training)]
    values = csr_matrix(vstack(parts, format="csr", dtype=np.float32))
    values = values[np.diff(values.indptr) > 0]  # a cell without a count expects none of any gene: 0 / 0 everywhere
    detected = np.asarray(values.sum(axis=0)).ravel() > 0
    if genes > detected.sum():
        raise UserError(
            f"{screen.path}: config key genes asks for {genes} genes, and {int(detected.sum())} of "
            f"{len(screen.genes)} have a count in the training cells"
        )
    import scanpy  # seconds to import, and only needed here

    # chunksize: genes held densely at a time
    ranked = scanpy.experimental.pp.highly_variable_genes(
        AnnData(X=values[:, detected]), n_top_genes=genes, flavor="pearson_residuals", chunksize=100, inplace=False
    )
    assert ranked is not None
    variances = ranked["residual_variances"].to_numpy()
    assert np.isfinite(variances).all(), "NaN would be ranked in the file's order"
    order = np.argsort(-variances, kind="stable")
    chosen = np.sort(np.flatnonzero(detected)[order[:genes]])
    of_column = np.full(len(screen.genes), -1, np.int32)
    of_column[chosen] = np.arange(genes)
    return Panel(screen.genes[chosen].tolist(), chosen, of_column)
