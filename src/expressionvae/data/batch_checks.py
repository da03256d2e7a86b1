"""What a screen must be whose entry names a column of batches, and what its user should know of them."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd
from numpy import ndarray

from expressionvae.data import batches
from expressionvae.data.checks import no_label, some
from expressionvae.files import UserError

log = logging.getLogger(__name__)
APART = 0.5  # total variation distance from the batches' shares of all held-out cells that is a warning
_SHOWN = 5  # perturbations listed in a message


def labels(path: Path, labels: pd.Series, name: str) -> None:
    """Require a batch of every cell that is kept."""
    none = labels.isna().to_numpy() | no_label(labels.fillna("").astype(str).tolist())
    if none.any():
        raise UserError(
            f"{path}: obs column '{name}' (config key batch_column) has no value in {int(none.sum())} of {len(none)} "
            f"cells, for example '{labels.index[int(none.argmax())]}'; expected the batch of each"
        )


def matching(
    path: Path, obs: pd.DataFrame, heldout: Mapping[str, Sequence[str]], *, control: str, min_cells: int
) -> None:
    """Require controls with the batches' shares among the held-out cells, of each held-out cell type enough."""
    least = max(min_cells, 2)
    for cell_type, cells, controls in _heldout(obs, heldout, control):
        away = cells[batches.COLUMN].to_numpy()
        if (number := sum(batches.matched(away, controls).values())) >= least:
            continue
        name, of_away, there = batches.scarcest(away, controls)
        raise UserError(
            f"{path}: batch '{name}' has {of_away} of the {len(away)} held-out cells of '{cell_type}' and {there} of "
            f"its {len(controls)} controls, and controls of the batches that the held-out cells have would be "
            f"{number}; expected {least} or more (config key min_cells): leave that batch out of the file, or set "
            "batch_column to null"
        )


def doubts(path: Path, obs: pd.DataFrame, heldout: Mapping[str, Sequence[str]], *, control: str) -> None:
    """Warn where few controls match, where an effect contains the batches', and where there is none to take."""
    for cell_type, cells, controls in _heldout(obs, heldout, control):
        _few_match(path, cell_type, cells[batches.COLUMN].to_numpy(), controls)
        _apart(path, cell_type, cells)
    _without_controls(path, obs, control)


def _few_match(path: Path, cell_type: str, away: ndarray, controls: ndarray) -> None:
    """Warn where under half of the controls have a place in the batches' shares among held-out cells."""
    kept = sum(batches.matched(away, controls).values())
    if 2 * kept < len(controls):
        name, of_away, there = batches.scarcest(away, controls)
        log.warning(
            f"{path}: scores read at most {kept} of the {len(controls)} controls of '{cell_type}', so that they have "
            f"the batches' shares among its held-out cells; the scarcest is batch '{name}', with {there} controls for "
            f"{of_away} of {len(away)} held-out cells"
        )


def _apart(path: Path, cell_type: str, cells: pd.DataFrame) -> None:
    """Warn of perturbations whose batches differ from those of all held-out cells, which the controls match."""
    shares = pd.crosstab(cells["perturbation"], cells[batches.COLUMN], normalize="index")
    pooled = cells[batches.COLUMN].value_counts(normalize=True)
    more = shares - pooled
    far = more.index[more.abs().sum(axis=1) / 2 > APART].tolist()
    if far:
        most = {label: str(more.loc[label].idxmax()) for label in far[:_SHOWN]}
        told = [
            f"'{label}' ({shares.at[label, name]:.0%} in batch '{name}', of all {pooled[name]:.0%})"
            for label, name in most.items()
        ]
        others = f" and {len(far) - _SHOWN} more" if len(far) > _SHOWN else ""
        log.warning(
            f"{path}: controls of '{cell_type}' match the batches of all its held-out perturbations together, and "
            f"other batches have the cells of {', '.join(told)}{others}: such an effect contains the batches'"
        )


def _without_controls(path: Path, obs: pd.DataFrame, control: str) -> None:
    """Warn of cells whose batch has no controls of their type: nothing tells what their effect is."""
    alone = ~batches.beside_controls(obs, control)
    if alone.any():
        which = obs.loc[alone, ["cell_type", batches.COLUMN]].drop_duplicates().astype(str).agg(" in ".join, axis=1)
        log.warning(
            f"{path}: {int(alone.sum())} cells are of a cell type and batch without controls: {some(which.tolist())}; "
            "they are trained on, and no effect is taken of them"
        )


def _heldout(
    obs: pd.DataFrame, heldout: Mapping[str, Sequence[str]], control: str
) -> Iterator[tuple[str, pd.DataFrame, ndarray]]:
    """Of each held-out cell type its held-out cells (perturbation, batch) and the batch of each of its controls."""
    for cell_type, labels in heldout.items():
        here = obs.loc[(obs["cell_type"] == cell_type).to_numpy(), ["perturbation", batches.COLUMN]].astype(str)
        controls = here.loc[here["perturbation"] == control, batches.COLUMN].to_numpy()
        yield cell_type, here[here["perturbation"].isin(list(labels))], controls
