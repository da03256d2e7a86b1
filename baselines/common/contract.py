"""The files and command lines of the contract (../README.md), read and written once for all scripts.

Needs Python 3.11, numpy, scipy and anndata: nothing of this project, so that it runs in any baseline's environment.
"""

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, get_args

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

SPACES = ("counts", "linear", "log1p")
MODEL = "model.json"  # in a model folder: what prediction must know beside the weights

Options = TypeVar("Options")


class Mistake(ValueError):
    """What a user can mend: shown as one line."""


def main(stage: Callable[[argparse.Namespace], None], arguments: argparse.ArgumentParser) -> None:
    """Run a script's only function; a mistake ends it with one line on stderr and exit code 1."""
    given = arguments.parse_args()
    try:
        stage(given)
    except Mistake as mistake:
        print(f"error: {' '.join(str(mistake).split())}", file=sys.stderr)
        sys.exit(1)


def train_arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--train", type=Path, required=True, help="training cells (h5ad)")
    return _common(parser)


def predict_arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--model", type=Path, required=True, help="folder that train.py wrote")
    parser.add_argument("--query", type=Path, required=True, help="one row per wanted cell (h5ad)")
    return _common(parser)


def _common(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--perturbations", type=Path, help="one vector per label (npz)")
    parser.add_argument("--options", type=Path, required=True, help="values of the options in about.yaml (json)")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--out", type=Path, required=True)
    return parser


@dataclass(frozen=True)
class Cells:
    """Rows of train.h5ad or of query.h5ad."""

    counts: sparse.csr_matrix  # [cell, gene], float32
    perturbation: np.ndarray
    cell_type: np.ndarray
    library: np.ndarray  # total counts over the full panel of the file, float32
    genes: list[str]
    is_control: np.ndarray  # False throughout in a query
    control: str  # "" in a query
    batch: np.ndarray | None = None  # None where the screen names no column of them, and in a query

    def __len__(self) -> int:
        return len(self.perturbation)


def read_train(path: Path) -> Cells:
    cells = _read(path, ["perturbation", "cell_type", "library", "is_control"])
    if not cells.is_control.any():
        raise Mistake(f"{path}: no row has is_control, expected control cells ({cells.control!r})")
    return cells


def read_query(path: Path, genes: list[str]) -> Cells:
    """Raise Mistake unless the genes are those of the training, in the same order."""
    cells = _read(path, ["perturbation", "cell_type", "library"])
    if cells.genes != genes:
        raise Mistake(f"{path}: its genes are not those of the training cells in the same order")
    return cells


def _read(path: Path, columns: list[str]) -> Cells:
    try:
        data = ad.read_h5ad(path)
    except (OSError, KeyError, ValueError) as error:
        raise Mistake(f"{path}: cannot be read as h5ad: {error}") from error
    for column in columns:
        if column not in data.obs:
            raise Mistake(f"{path}: obs has no column {column!r}, expected {', '.join(columns)}")
    if "is_control" in columns and "control" not in data.uns:
        raise Mistake(f"{path}: uns has no 'control', expected the control label")
    counts = sparse.csr_matrix(data.X, dtype=np.float32)
    bad = ~np.isfinite(counts.data) | (counts.data < 0) | (counts.data != np.floor(counts.data))
    if bad.any():
        raise Mistake(f"{path}: X holds {counts.data[bad][0]}, expected raw counts: whole numbers >= 0")
    marked = data.obs["is_control"].to_numpy(bool) if "is_control" in columns else np.zeros(data.n_obs, bool)
    return Cells(
        counts=counts,
        perturbation=data.obs["perturbation"].astype(str).to_numpy(),
        cell_type=data.obs["cell_type"].astype(str).to_numpy(),
        library=data.obs["library"].to_numpy(np.float32),
        genes=list(map(str, data.var_names)),
        is_control=marked,
        control=str(data.uns["control"]) if "is_control" in columns else "",
        batch=data.obs["batch"].astype(str).to_numpy() if "batch" in data.obs else None,
    )


def read_vectors(path: Path | None) -> dict[str, np.ndarray]:
    """Label -> vector [dimension], float32."""
    if path is None:
        raise Mistake("--perturbations is missing: this baseline needs a vector per perturbation")
    try:
        with np.load(path, allow_pickle=False) as stored:
            labels, vectors = stored["labels"], stored["vectors"].astype(np.float32)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise Mistake(f"{path}: expected arrays `labels` and `vectors` [label, dimension]: {error}") from error
    if vectors.ndim != 2 or len(labels) != len(vectors) or not np.isfinite(vectors).all():
        raise Mistake(f"{path}: expected one finite vector per label, found {vectors.shape} for {len(labels)} labels")
    return dict(zip(map(str, labels), vectors, strict=True))


def read_options(path: Path, kind: type[Options]) -> Options:
    """Return the dataclass `kind` with the file's values; an option of another name or type is a mistake."""
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Mistake(f"{path}: cannot be read as JSON: {error}") from error
    known = {field.name: field.type for field in fields(kind)}  # pyright: ignore[reportArgumentType]
    for name in sorted(set(known) ^ set(given)):
        state = "is missing" if name in known else "is unknown"
        raise Mistake(f"{path}: option {name!r} {state}, expected {', '.join(known)}")
    values = {name: _typed(path, name, given[name], wanted) for name, wanted in known.items()}
    try:
        return kind(**values)
    except ValueError as error:
        raise Mistake(f"{path}: {error}") from error


def _typed(path: Path, name: str, value: Any, wanted: Any) -> Any:
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) not in (get_args(wanted) or (wanted,)):  # `str | None` takes both
        raise Mistake(f"{path}: option {name!r} is {value!r}, expected {getattr(wanted, '__name__', wanted)}")
    return value


def require(options: Any, **limits: tuple[float, float]) -> None:
    """Raise ValueError unless each named option lies within its limits, both included."""
    for name, (low, high) in limits.items():
        value = getattr(options, name)
        if not low <= value <= high:
            raise ValueError(f"option {name!r} is {value!r}, expected {low:g} to {high:g}")


def index(values: np.ndarray, known: list[str], what: str) -> np.ndarray:
    """Position of each value in `known`; Mistake for one that training did not hold."""
    found = pd.Index(known).get_indexer(pd.Index(values))
    if (found < 0).any():
        raise Mistake(f"{what} {values[found < 0][0]!r} is in no training cell: this baseline cannot predict it")
    return found


class Partners:
    """For every training cell, control cells of its own cell type to be predicted from."""

    def __init__(self, cells: Cells):
        types, self._type = np.unique(cells.cell_type, return_inverse=True)
        pools = [np.flatnonzero(cells.is_control & (self._type == i)) for i in range(len(types))]
        self._pool = np.concatenate(pools)
        self._count = np.array([len(pool) for pool in pools])
        self._start = np.cumsum(self._count) - self._count
        self.rows = np.flatnonzero(self._count[self._type] > 0)  # those that can be trained on
        for name, count in zip(types, self._count, strict=True):
            if count == 0:
                lost = int((cells.cell_type == name).sum())
                print(f"cell type {name!r} has no control cell: its {lost} cells are left out", file=sys.stderr)

    def draw(self, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Rows of `size` random cells, and of a random control of each one's cell type."""
        wanted = rng.choice(self.rows, size=size)
        kind = self._type[wanted]
        return wanted, self._pool[self._start[kind] + (rng.random(size) * self._count[kind]).astype(np.int64)]


def log_normal(counts: sparse.csr_matrix, target_sum: float) -> sparse.csr_matrix:
    """log1p of counts that are scaled to sum to `target_sum` in each cell; an empty cell stays empty."""
    total = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
    scale = np.divide(target_sum, total, out=np.zeros_like(total), where=total > 0)
    return sparse.csr_matrix(sparse.diags(scale) @ counts).log1p().astype(np.float32)


def write_cells(
    path: Path, values: np.ndarray | sparse.csr_matrix, query: Cells, space: str, target_sum: float | None = None
) -> None:
    """Write cells.h5ad under a temporary name, renamed last."""
    assert space in SPACES and values.shape == query.counts.shape, (space, values.shape)
    assert (space == "counts") == (target_sum is None), "a normalised space states what a cell sums to"
    stored = values.data if isinstance(values, sparse.csr_matrix) else values
    if not np.isfinite(stored).all():
        raise Mistake("predicted cells hold values that are not finite: the training has diverged")
    assert not stored.size or stored.min() >= 0
    obs = pd.DataFrame({"perturbation": query.perturbation, "cell_type": query.cell_type}, dtype="category")
    obs.index = obs.index.astype(str)
    about: dict[str, Any] = {"space": space} | ({} if target_sum is None else {"target_sum": float(target_sum)})
    temporary = _sibling(path)
    try:
        ad.AnnData(values, obs, pd.DataFrame(index=pd.Index(query.genes)), uns=about).write_h5ad(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def model_folder(path: Path, **about: Any) -> Iterator[Path]:
    """Yield a temporary folder beside `path`, which holds `about` as JSON; it takes that name when the block ends."""
    temporary = _sibling(path)
    temporary.mkdir()
    try:
        (temporary / MODEL).write_text(json.dumps(about, indent=1), encoding="utf-8")
        yield temporary
        if path.exists():  # of an earlier training, or made by the workflow
            shutil.rmtree(path)
        os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def read_model(folder: Path) -> dict[str, Any]:
    try:
        return json.loads((folder / MODEL).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Mistake(f"{folder}: not a model folder that train.py has finished: {error}") from error


def _sibling(path: Path) -> Path:
    """A new name beside `path`; what killed runs have left under such a name is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for stale in path.parent.glob(f".{path.name}.writing-*"):
        shutil.rmtree(stale) if stale.is_dir() else stale.unlink(missing_ok=True)
    return Path(tempfile.mktemp(prefix=f".{path.name}.writing-", dir=path.parent))


def fingerprint(*parts: Any) -> str:
    """Digest of files (paths), values and the code that runs: whether a checkpoint belongs to this very training."""
    total = hashlib.sha256()
    for folder in (Path(__file__).parent, Path(sys.argv[0]).resolve().parent):
        for script in sorted(folder.glob("*.py")):
            total.update(script.read_bytes())
    for part in parts:
        if isinstance(part, Path):
            with open(part, "rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
        else:
            total.update(json.dumps(part, sort_keys=True, default=vars).encode())
    return total.hexdigest()


class Progress:
    """One line on stderr a few times a minute: name, step, loss, time gone and left."""

    def __init__(self, name: str, steps: int, done: int = 0, every: float = 20.0):
        self.name, self.steps, self.done, self.every = name, steps, done, every
        self.started = self.last = time.monotonic()

    def __call__(self, step: int, loss: float) -> None:
        now = time.monotonic()
        if now - self.last < self.every and step not in (self.done + 1, self.steps):
            return
        self.last = now
        gone = now - self.started
        left = gone / max(step - self.done, 1) * (self.steps - step)
        text = f"{self.name} {step}/{self.steps} loss {loss:.4f} {gone:.0f} s gone {left:.0f} s left"
        print(text, file=sys.stderr, flush=True)
