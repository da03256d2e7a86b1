"""STATE's own command line, and the files that it reads.

Labels are written as plain codes and all paths are relative to the working folder: upstream splits cell types at dots,
expands braces and stars in paths, and Hydra parses whatever stands on its command line.
"""

import csv
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import torch
from contract import Cells, Mistake, log_normal, require
from scipy import sparse

VECTORS = ("one-hot", "embedding")


@dataclass(frozen=True)
class Options:
    """Meaning and source of each: about.yaml."""

    steps: int
    sets_per_batch: int
    cells_per_set: int
    lr: float
    gradient_clip: float
    hidden: int
    encoder_layers: int
    decoder_layers: int
    layers: int
    heads: int
    head_width: int
    feedforward: int
    checkpoint_every: int
    perturbation_vectors: str
    target_sum: float

    def __post_init__(self) -> None:
        names = ("sets_per_batch", "hidden", "encoder_layers", "decoder_layers", "layers", "heads", "feedforward")
        require(self, **dict.fromkeys(names, (1, 65_536)), head_width=(2, 65_536), cells_per_set=(1, 65_536))
        require(self, steps=(1, 1e9), checkpoint_every=(1, 1e9), lr=(0, 1), gradient_clip=(0, 1e9), target_sum=(1, 1e9))
        if self.perturbation_vectors not in VECTORS:
            raise ValueError(
                f"option 'perturbation_vectors' is {self.perturbation_vectors!r}, expected {' or '.join(VECTORS)}"
            )


def code(kind: str, number: int) -> str:
    """A label that needs no quoting anywhere."""
    return f"{kind}{number:06d}"


def codes(kind: str, labels: list[str]) -> dict[str, str]:
    return {label: code(kind, number) for number, label in enumerate(labels)}


def as_upstream_wants(cells: Cells, labels: list[str], cell_types: list[str], target_sum: float) -> ad.AnnData:
    """Log values in obsm["X_hvg"], codes in obs. Where genes are input and output nothing reads X: it stays empty."""
    obs = pd.DataFrame(index=pd.RangeIndex(len(cells)).astype(str))
    obs["perturbation"] = pd.Categorical(pd.Series(cells.perturbation, obs.index).map(codes("p", labels)))
    obs["cell_type"] = pd.Categorical(pd.Series(cells.cell_type, obs.index).map(codes("c", cell_types)))
    obs["batch"] = pd.Categorical(["one"] * len(cells))  # cells come without a batch, and its encoder is off
    values = log_normal(cells.counts, target_sum)
    var = pd.DataFrame(index=pd.Index(cells.genes))
    return ad.AnnData(sparse.csr_matrix(values.shape, dtype=np.float32), obs, var, obsm={"X_hvg": values})


def with_controls(query: Cells, control: str) -> Cells:
    """The query, then its control cells, each once a cell type: what upstream draws its inputs from.

    Rows that want controls are control cells for upstream too: what stands there is not added again.
    """
    wants_control = query.perturbation == control
    seen: set[tuple[str, bytes]] = set()
    added = []
    for row in np.argsort(~wants_control, kind="stable"):
        cell = query.counts[row]
        key = (query.cell_type[row], cell.indices.tobytes() + cell.data.tobytes())
        if not wants_control[row] and key not in seen:
            added.append(row)
        seen.add(key)
    return replace(
        query,
        counts=sparse.csr_matrix(sparse.vstack([query.counts, query.counts[added]])),
        perturbation=np.concatenate([query.perturbation, np.repeat(control, len(added))]),
        cell_type=np.concatenate([query.cell_type, query.cell_type[added]]),
    )


def write_vectors(path: Path, vectors: dict[str, np.ndarray], labels: list[str], control: str) -> None:
    """Upstream gives a label without a vector the zero vector and says nothing: only the control may have it."""
    zero = np.zeros_like(next(iter(vectors.values())))
    for label in labels:
        if label not in vectors and label != control:
            raise Mistake(f"--perturbations: no vector of {label!r}")
    torch.save({code: torch.from_numpy(vectors.get(label, zero)) for label, code in codes("p", labels).items()}, path)


def train_command(options: Options, control: str, seed: int) -> list[str]:
    backbone = "model.kwargs.transformer_backbone_kwargs"
    features = "data/vectors.pt" if options.perturbation_vectors == "embedding" else "null"
    settings = {
        "data.kwargs.toml_config_path": "data/split.toml",
        "data.kwargs.embed_key": "X_hvg",
        "data.kwargs.output_space": "gene",
        "data.kwargs.pert_col": "perturbation",
        "data.kwargs.cell_type_key": "cell_type",
        "data.kwargs.batch_col": "batch",
        "data.kwargs.control_pert": control,
        "data.kwargs.perturbation_features_file": features,
        "data.kwargs.num_workers": 0,
        "+data.kwargs.random_seed": seed,
        "training.max_steps": options.steps,
        "training.batch_size": options.sets_per_batch,
        "training.lr": options.lr,
        "training.gradient_clip_val": options.gradient_clip,
        "training.val_freq": options.checkpoint_every,  # the pace of checkpoints too; there is nothing to validate
        "training.train_seed": seed,
        "+training.log_every_n_steps": max(1, min(50, options.steps // 20)),
        "model": "state",
        "model.kwargs.cell_set_len": options.cells_per_set,
        "model.kwargs.hidden_dim": options.hidden,
        "model.kwargs.n_encoder_layers": options.encoder_layers,
        "model.kwargs.n_decoder_layers": options.decoder_layers,
        f"{backbone}.num_hidden_layers": options.layers,
        f"{backbone}.num_attention_heads": options.heads,
        f"{backbone}.num_key_value_heads": options.heads,
        f"{backbone}.head_dim": options.head_width,
        f"{backbone}.intermediate_size": options.feedforward,
        "use_wandb": "false",
        "overwrite": "false",  # a killed training goes on from its last checkpoint
        "output_dir": ".",
        "name": "run",
    }
    return ["tx", "train", *(f"{name}={value}" for name, value in settings.items())]


def infer_command(model: Path, control: str, seed: int) -> list[str]:
    settings = {
        "adata": "query.h5ad",
        "output": "cells.npy",
        "model-dir": model.absolute(),
        "embed-key": "X_hvg",
        "pert-col": "perturbation",
        "celltype-col": "cell_type",
        "batch-col": "batch",
        "control-pert": control,
        "seed": seed,
    }
    return ["tx", "infer", *(f"--{name}={value}" for name, value in settings.items())]


def call(command: list[str], folder: Path, threads: int, device: str, watch: Callable[[], None] | None = None) -> None:
    """Run `state ...` in `folder`, its talk going to state.log there; `watch` is called every second.

    Upstream takes a GPU whenever it sees one, so that a run on the CPU hides them.
    """
    chosen = {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    chosen |= {"CUDA_VISIBLE_DEVICES": ""} if device == "cpu" else {}
    log = folder / "state.log"
    with log.open("ab") as out:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "state", *command],  # -P: what lies in `folder` is no module
            cwd=folder,
            env=os.environ | chosen,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            preexec_fn=_end_with_parent,
        )
    try:
        while child.poll() is None:
            try:
                child.wait(timeout=1)
            except subprocess.TimeoutExpired:
                if watch:
                    watch()
    finally:
        child.kill()
        child.wait()
    if watch:
        watch()
    if child.returncode:
        print(*log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-30:], sep="\n", file=sys.stderr)
        raise Mistake(
            f"`state {' '.join(command[:2])}` ended with exit code {child.returncode}; its last lines stand above"
        )


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: a killed script leaves no training behind


def logged(table: Path) -> tuple[int, float] | None:
    """Last step and loss in the table that upstream writes while it trains."""
    if not table.exists():
        return None
    with table.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row.get("train_loss") and row.get("step")]
    return (int(float(rows[-1]["step"])) + 1, float(rows[-1]["train_loss"])) if rows else None
