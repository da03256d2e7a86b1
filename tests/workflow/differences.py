"""Where two runs of the same config part: the first file, in the order in which a cell passes them, that differs."""

import json
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import torch

# What differs further down may only follow from what differs further up: only the first says where to look.
CHAIN = (
    "*/proteins.fasta", "tiny_esm2*.pt", "*/proteins.npz",
    "*/screen.h5ad", "*/effects.npz", "*/reversion.h5ad",
    "*/train.h5ad", "*/heldout.h5ad", "*/reversion-*.h5ad", "*/truth.h5ad", "*/query.csv",
    "*/bins.json", "*/perturbations.npz",
    "*/vae-*/vae.pt", "*/vae-*/latents.npz",
    "*/prior.pt", "*/latents-*.npz",
    "*/cells.h5ad", "*/richness.csv",
    "*/truth_de.parquet", "*/distribution.csv", "*/effects.csv", "*/reversion-*.csv", "*/losses.csv", "*/*.csv",
    "paper/*",
)  # fmt: skip
# Seconds and dates, pictures of what is compared as numbers, states on the way.
LEFT_OUT = ("benchmarks/*", "downloads/*", "paper/resources.*", "*.png", "*.pdf", "*.html", "*/checkpoints/*")


def first_difference(one: Path, other: Path) -> str | None:
    """What differs first between the folders `results` of two runs, and by how much; None where all is equal.

    Arrays, weights, cells and their labels are compared by value, what is text by the byte. Where a model comes
    from, and when, is not compared.
    """
    files = {path for folder in (one, other) for path in _files(folder)}
    for name in sorted(files, key=lambda name: (_place(name), name)):
        if told := _difference(one / name, other / name):
            return f"{name}: {told}"
    return None


def _files(folder: Path) -> set[str]:
    names = (str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    return {name for name in names if not any(fnmatch(name, pattern) for pattern in LEFT_OUT)}


def _place(name: str) -> int:
    if name.startswith("paper/"):
        return len(CHAIN)
    return next((place for place, pattern in enumerate(CHAIN) if fnmatch(name, pattern)), len(CHAIN))


def _difference(one: Path, other: Path) -> str | None:
    absent = [path for path in (one, other) if not path.exists()]
    if absent:
        return f"{absent[0]} is not there"
    if one.read_bytes() == other.read_bytes():
        return None
    left, right = _content(one), _content(other)
    if left is None or right is None:
        return "the text differs"
    if left.keys() != right.keys():
        return f"holds other things: {', '.join(sorted(left.keys() ^ right.keys()))}"
    told = (_unequal(key, left[key], right[key]) for key in left)
    found = next((text for text in told if text), None)
    return found or ("its text differs, its values do not" if one.suffix == ".csv" else None)


def _unequal(key: str, one: np.ndarray, other: np.ndarray) -> str | None:
    if one.shape != other.shape:
        return f"{key} has shape {one.shape} and {other.shape}"
    numbers = one.dtype.kind in "fiub" and other.dtype.kind in "fiub"
    same = (one == other) | ((one != one) & (other != other))
    if np.all(same):
        return None
    many = f"{np.size(same) - np.count_nonzero(same):,} of {np.size(same):,} values of {key} differ"
    if not numbers:
        return many
    by = np.abs(one.astype(np.float64) - other.astype(np.float64))[~same]
    return f"{many}, by up to {by.max():.3g}"


def _content(path: Path) -> dict[str, np.ndarray] | None:
    """The arrays of a file by name, in its own order; None where it is text."""
    if path.suffix == ".npz":
        with np.load(path) as file:
            return dict(file)
    if path.suffix == ".pt":
        return _weights(torch.load(path, weights_only=False, map_location="cpu"))
    if path.suffix == ".h5ad":
        cells = ad.read_h5ad(path)
        X: Any = cells.X
        return (
            {"X": X.toarray() if hasattr(X, "toarray") else np.asarray(X)} | _columns(cells.obs) | _columns(cells.var)
        )
    if path.suffix in (".csv", ".parquet"):
        return _columns(pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path))
    if path.suffix == ".json":
        return {key: np.asarray(value) for key, value in json.loads(path.read_text()).items()}
    return None


def _weights(saved: dict[str, Any]) -> dict[str, np.ndarray]:
    weights = saved.get("weights", saved.get("model", {}))
    return {name: value.numpy() for name, value in weights.items()}


def _columns(table: pd.DataFrame) -> dict[str, np.ndarray]:
    plain = {str(name): table[name] for name in table}
    values = {
        name: np.asarray(column.astype(str) if column.dtype == "category" else column) for name, column in plain.items()
    }
    return {"index": np.asarray(table.index)} | values
