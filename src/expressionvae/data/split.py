"""The split: training cells, and held-out combinations of cell type and perturbation."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy import ndarray

from expressionvae.data import checks, screen
from expressionvae.data.screen import Columns
from expressionvae.files import UserError, written


def prepare(
    source: str | Path,
    train_path: str | Path,
    heldout_path: str | Path,
    *,
    name: str,
    columns: Columns,
    control: str,
    embedding: str,
    min_cells: int,
    genes: int | None,
    heldout: Mapping[str, Any],
) -> None:
    """Read the screen at `source`; write its training cells and its held-out cells, on the same genes.

    heldout: {cell_type, perturbations} or {cell_type, fraction, seed}. genes: how many most variable genes to
    keep, chosen on training cells only (None: all). Raises UserError, before anything is written, for each
    mistake listed in `checks`.
    """
    source = Path(source)
    cells = screen.labels(source, columns=columns)  # labels first: most mistakes show before the counts are read
    chosen = choose(source, cells, control=control, embedding=embedding, min_cells=min_cells, heldout=heldout)
    rules = dict(cell_type=heldout["cell_type"], control=control, min_cells=min_cells, embedding=embedding)
    checks.split(source, cells, chosen, **rules)

    adata = screen.read(source, columns=columns)
    if genes is not None:
        training = ~is_heldout(screen.table(adata), heldout["cell_type"], chosen)
        adata = adata[:, most_variable(source, adata[training], genes)].copy()
        adata = screen.without_empty(adata, f"{source}: on the {genes} most variable genes")
    checks.split(source, screen.table(adata), chosen, **rules)  # again: some cells may have gone

    away = is_heldout(screen.table(adata), heldout["cell_type"], chosen)
    about = dict(name=name, control=control, heldout_cell_type=heldout["cell_type"], embedding=embedding)
    save(adata[~away], train_path, about)
    save(adata[away], heldout_path, about)
    print(
        f"{name}: {adata.n_vars} genes; {int((~away).sum())} training cells; {int(away.sum())} held-out "
        f"cells of '{heldout['cell_type']}' in {len(chosen)} perturbations"
    )


def published(path: str | Path) -> dict[str, Any]:
    """Return the held-out cell type and perturbations that an assembled screen carries from its split file."""
    import anndata  # only the table of cells and `uns` are read

    source = anndata.read_h5ad(path, backed="r")
    about = source.uns["split"]
    source.file.close()
    return {"cell_type": str(about["heldout_cell_type"]), "perturbations": list(map(str, about["heldout"]))}


def choose(
    path: Path,
    cells: pd.DataFrame,
    *,
    control: str,
    embedding: str,
    min_cells: int,
    heldout: Mapping[str, Any],
) -> list[str]:
    """Return the held-out perturbations, sorted: those named, or a seeded fraction of the eligible."""
    checks.control(path, cells, control)
    checks.cell_type(path, cells, heldout["cell_type"])
    if "perturbations" in heldout:
        return sorted(set(map(str, heldout["perturbations"])))
    here = cells["cell_type"] == heldout["cell_type"]
    perturbation = cells["perturbation"]
    sizes = perturbation[here].value_counts()
    eligible = set(sizes.index[sizes >= min_cells]) - {control}
    if embedding == "learned":
        eligible &= set(perturbation[~here])
    number = round(heldout["fraction"] * len(eligible))
    generator = np.random.default_rng(heldout["seed"])
    return sorted(generator.permutation(sorted(eligible))[:number].tolist())


def is_heldout(obs: pd.DataFrame, cell_type: str, perturbations: Sequence[str]) -> ndarray:
    """Return, for each cell, whether it belongs to a held-out combination."""
    return ((obs["cell_type"] == cell_type) & obs["perturbation"].isin(list(perturbations))).to_numpy()


def most_variable(path: Path, train: AnnData, genes: int) -> ndarray:
    """Return which genes have the largest variance of Pearson residuals over the training cells.

    Lause, Berens & Kobak 2021, on raw counts; scanpy.readthedocs.io, experimental.pp.highly_variable_genes.
    Ranking dispersions of log values ("seurat") instead left interferon genes (ISG15, IFIT1, IFI6) out of
    400 genes of an interferon screen, for genes that few cells express.
    """
    detected = np.asarray(screen.counts(train).sum(axis=0)).ravel() > 0
    if genes > detected.sum():
        raise UserError(
            f"{path}: config key genes asks for {genes} genes, and {int(detected.sum())} of "
            f"{train.n_vars} have a count in the training cells"
        )
    import scanpy  # seconds to import, and only needed here

    counts = AnnData(X=screen.counts(train)[:, detected].astype(np.float32))
    # chunksize: genes held densely at a time
    ranked = scanpy.experimental.pp.highly_variable_genes(
        counts, n_top_genes=genes, flavor="pearson_residuals", chunksize=100, inplace=False
    )
    assert ranked is not None
    order = np.argsort(-ranked["residual_variances"].to_numpy(), kind="stable")
    chosen = np.zeros(train.n_vars, dtype=bool)
    chosen[np.flatnonzero(detected)[order[:genes]]] = True
    return chosen


def save(cells: AnnData, path: str | Path, about: Mapping[str, str]) -> None:
    """Write cells with categories that hold only the labels in use."""
    counts = screen.counts(cells).copy()
    counts.sort_indices()
    labels = screen.table(cells)
    obs = pd.DataFrame(index=labels.index)
    for label in ("cell_type", "perturbation"):
        obs[label] = pd.Categorical(labels[label].astype(str))
    obs["library_size"] = labels["library_size"]
    result = AnnData(X=counts, obs=obs, var=pd.DataFrame(index=cells.var_names), uns={"screen": dict(about)})
    with written(path) as temporary:
        result.write_h5ad(temporary, compression="gzip", compression_opts=1)
