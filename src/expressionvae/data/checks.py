"""What a screen must be before anything is written: each check names file, column and value."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from expressionvae.data.labels import like, plain
from expressionvae.files import UserError

_SHOWN = 12  # labels listed in a message
_LARGEST = int(np.iinfo(np.int32).max)  # count that is held


def some(names: Collection[object]) -> str:
    """Return the first names as one phrase, and how many more there are."""
    shown = ", ".join(f"'{name}'" for name in list(names)[:_SHOWN])
    more = len(names) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown or "none"


def unique(path: Path, names: pd.Index, what: str) -> None:
    """Require names (of cells, of genes) to be all different."""
    if not names.is_unique:
        twice = list(dict.fromkeys(names[names.duplicated()]))
        raise UserError(f"{path}: {len(twice)} {what} appear more than once, for example {some(twice[:3])}")


def labelled(path: Path, labels: pd.Categorical, axis: str, name: str, row_name: Callable[[int], str]) -> None:
    """Require a label in every row."""
    empty = no_label(labels.categories)
    codes = np.asarray(labels.codes)
    missing = codes < 0
    if empty.any():
        missing |= empty[codes]
    if missing.any():
        row = row_name(int(missing.argmax()))
        raise UserError(
            f"{path}: {axis} column '{name}' has no value in {int(missing.sum())} of {len(labels)} rows, "
            f"for example '{row}'"
        )


def no_label(labels: Collection[str]) -> np.ndarray:
    """Which labels are none: blank, or what a missing value becomes that is saved as text (NaN, <NA>)."""
    return np.array([plain(label) in ("", "nan", "NaN", "<NA>") for label in labels], dtype=bool)


def wrong_count(values: np.ndarray) -> int | None:
    """Where the first value stands (in the flattened array) that is no whole number from 0 up to int32's last."""
    assert values.dtype.kind in "iuf", values.dtype
    if values.size == 0:
        return None
    # As Python's own numbers: in float32 int32's last is 2^31, which int32 would turn into -2^31.
    low, high = values.min().item(), values.max().item()
    fits = low >= 0 and high <= _LARGEST  # false for nan too
    if fits and (values.dtype.kind in "iu" or (np.rint(values) == values).all()):
        return None
    exact = values.astype(np.float64) if values.dtype.kind == "f" else values
    return int((~(exact >= 0) | ~(exact <= _LARGEST) | (exact != np.rint(exact))).argmax())


def totals(path: Path, library: np.ndarray, name: str, row_name: Callable[[int], str]) -> None:
    """Require a number in every row of a column of library sizes, that float32 holds."""
    with np.errstate(over="ignore"):
        odd = ~np.isfinite(library.astype(np.float32))
    if odd.any():
        at = int(odd.argmax())
        raise UserError(
            f"{path}: obs column '{name}' (config key library_column) is {library[at]:g} at cell '{row_name(at)}'; "
            "expected a number not less than its counts"
        )


def library(path: Path, library: np.ndarray, sums: np.ndarray, cells: pd.Index, name: str) -> None:
    """Require of a column of library sizes (see `totals`) that none is below the cell's own counts."""
    short = library < sums * (1 - 1e-5)  # a column of float32 may round
    if short.any():
        at = int(short.argmax())
        raise UserError(
            f"{path}: obs column '{name}' (config key library_column) is {library[at]:g} at cell '{cells[at]}', "
            f"less than its counts, {sums[at]:g}"
        )


def control(path: Path, obs: pd.DataFrame, name: str) -> None:
    """Require the control label among the perturbations."""
    labels = sorted(obs["perturbation"].unique())
    if name not in labels:
        raise UserError(
            f"{path}: no cell has the control label '{name}' (config key control); perturbations are {some(labels)}"
            f"{like(name, labels)}"
        )


def cell_type(path: Path, obs: pd.DataFrame, name: str) -> None:
    """Require the held-out cell type among the cell types."""
    labels = sorted(obs["cell_type"].unique())
    if name not in labels:
        raise UserError(
            f"{path}: no cell has the held-out cell type '{name}' (config key heldout.cell_type); cell "
            f"types are {some(labels)}{like(name, labels)}"
        )


def split(
    path: Path,
    obs: pd.DataFrame,
    heldout: Mapping[str, Sequence[str]],
    *,
    control: str,
    min_cells: int,
    embedding: str,
    gone: int = 0,
) -> None:
    """Require held-out combinations that are known and large enough, with controls, and learnable.

    A perturbation that is held out wherever it is leaves training altogether, so a table learned per perturbation
    has no row for it. Fewer than two controls have no variance, and cannot be halved.

    heldout: perturbations by cell type; none: all cells are trained on. gone: cells that are not in `obs` any more,
    since they have no count.
    """
    left = f" (after {gone} cells without a count were left out)" if gone else ""
    if control not in set(obs["perturbation"]):
        raise UserError(f"{path}: no cell has the control label '{control}' (config key control){left}")
    for cell_type, labels in heldout.items():
        _heldout_in(path, obs, cell_type, labels, control=control, min_cells=min_cells, left=left)
    trained = _trained(obs, heldout)
    unseen = sorted({label for labels in heldout.values() for label in labels} - trained)
    if embedding == "learned" and unseen:
        types = f"'{next(iter(heldout))}'" if len(heldout) == 1 else f"the held-out ones, {some(heldout)},"
        raise UserError(
            f"{path}: no cell type but {types} has perturbation {some(unseen)}, so nothing could "
            "be learned about it; "
            f"hold out another one, or set config key embedding to esm2"
        )


def _trained(obs: pd.DataFrame, heldout: Mapping[str, Sequence[str]]) -> set[str]:
    """Perturbations with a training cell."""
    pairs = obs[["cell_type", "perturbation"]].drop_duplicates().astype(str)
    return {label for cell_type, label in pairs.itertuples(index=False) if label not in heldout.get(cell_type, ())}


def _heldout_in(
    path: Path,
    obs: pd.DataFrame,
    cell_type: str,
    labels: Sequence[str],
    *,
    control: str,
    min_cells: int,
    left: str,
) -> None:
    """Require of one held-out cell type what can be told of it alone."""
    sizes = obs.loc[obs["cell_type"] == cell_type, "perturbation"].astype(str).value_counts()
    if len(labels) == 0:
        raise UserError(
            f"{path}: config key heldout selects no perturbation of '{cell_type}', which has "
            f"{some(sorted(sizes.index))}{left}"
        )
    if control in labels:
        raise UserError(
            f"{path}: config key heldout.perturbations names the control '{control}', and controls are never held out"
        )
    if unknown := [name for name in labels if name not in sizes]:
        raise UserError(
            f"{path}: no cell of '{cell_type}' has perturbation {some(unknown)} (config key "
            f"heldout.perturbations); it has {some(sorted(sizes.index))}{left}{like(unknown[0], sizes.index)}"
        )
    if few := [f"{name} ({sizes[name]})" for name in labels if sizes[name] < min_cells]:
        raise UserError(
            f"{path}: fewer than {min_cells} cells (config key min_cells) in '{cell_type}' for held-out "
            f"perturbation {some(few)}{left}"
        )
    if control not in sizes:
        raise UserError(
            f"{path}: no cell of the held-out cell type '{cell_type}' has the control label "
            f"'{control}', and scores need its controls{left}"
        )
    if sizes[control] < (least := max(min_cells, 2)):
        raise UserError(
            f"{path}: {sizes[control]} cells of the held-out cell type '{cell_type}' have the control label "
            f"'{control}', and scores need at least {least} (config key min_cells, and never fewer than 2){left}"
        )
