"""A made-up screen with one strong effect, in the files of the contract, and how its scripts are called."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import yaml
from scipy.sparse import csr_matrix

from tests.conftest import REPOSITORY

BASELINES = REPOSITORY / "baselines"
GENES = [f"G{i:02d}" for i in range(60)]
CELL_TYPES = ["alpha", "beta", "gamma"]
LABELS = ["ctrl", "down", "none", "up"]
HELD_OUT = ("gamma", "up")  # in no training cell; the same perturbation is, in the other two cell types
RAISED, LOWERED = np.arange(0, 6), np.arange(6, 12)
LIBRARY = 800


def profile(cell_type: str, label: str) -> np.ndarray:
    """Share of each gene; `up` raises genes 0 to 5 and lowers 6 to 11 fivefold, `down` the other way round."""
    share = np.random.default_rng(1).lognormal(0, 0.7, len(GENES))
    share *= np.random.default_rng([2, CELL_TYPES.index(cell_type)]).lognormal(0, 0.3, len(GENES))
    share[: len(RAISED) + len(LOWERED)] = 1.5
    factor = {"up": 5.0, "down": 0.2}.get(label, 1.0)
    share[RAISED] *= factor
    share[LOWERED] /= factor
    return share / share.sum()


def draw(pairs: list[tuple[str, str]], seed: int) -> ad.AnnData:
    """One cell for every pair of cell type and label, in counts."""
    rng = np.random.default_rng(seed)
    size = rng.gamma(8, LIBRARY / 8, len(pairs))
    rate = np.stack([profile(*pair) for pair in pairs]) * size[:, None]
    counts = rng.poisson(rate * rng.gamma(10, 0.1, rate.shape)).astype(np.float32)
    obs = pd.DataFrame(pairs, columns=["cell_type", "perturbation"]).astype("category")
    obs["library"] = counts.sum(axis=1).astype(float) * 2
    obs.index = [f"c{i}" for i in range(len(pairs))]
    return ad.AnnData(csr_matrix(counts), obs, pd.DataFrame(index=GENES))


def train_cells(each: int = 60) -> ad.AnnData:
    pairs = [(t, p) for t in CELL_TYPES for p in LABELS if (t, p) != HELD_OUT]
    train = draw(pairs * each, seed=0)
    train.obs["is_control"] = (train.obs["perturbation"] == "ctrl").to_numpy()
    train.uns["control"] = "ctrl"
    return train


def query_cells(cells: int = 80) -> ad.AnnData:
    """Held-out cells and predicted controls in turn, from new control cells of the held-out cell type."""
    query = draw([(HELD_OUT[0], "ctrl")] * cells, seed=5)
    query.obs["perturbation"] = pd.Categorical([HELD_OUT[1], "ctrl"] * (cells // 2))
    return query


def write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    train_cells().write_h5ad(folder / "train.h5ad")
    query_cells().write_h5ad(folder / "query.h5ad")
    vectors = np.random.default_rng(3).normal(size=(len(LABELS), 8)).astype(np.float32)
    vectors[LABELS.index("ctrl")] = 0
    np.savez(folder / "perturbations.npz", labels=np.array(LABELS), vectors=vectors)


def about(name: str) -> dict[str, Any]:
    return yaml.safe_load((BASELINES / name / "about.yaml").read_text(encoding="utf-8"))


def published(name: str) -> dict[str, Any]:
    return {option: entry["value"] for option, entry in about(name)["options"].items()}


@dataclass(frozen=True)
class Scripts:
    """A baseline at toy size, in a folder that holds the files of `write`."""

    name: str
    python: Path
    folder: Path
    options: dict[str, Any]
    kept: dict[str, ad.AnnData] = field(default_factory=dict)

    def cells(self, seed: int = 0, **options: Any) -> ad.AnnData:
        """As `predict`, but once for each seed and options: starting a script takes seconds."""
        key = json.dumps([seed, options], sort_keys=True)
        if key not in self.kept:
            self.kept[key] = self.predict(seed=seed, **options)
        return self.kept[key]

    def train(self, out: str = "model", seed: int = 0, **options: Any) -> Path:
        finished(self.start("train", out, seed, options, "--train", str(self.folder / "train.h5ad")))
        return self.folder / out

    def predict(self, out: str = "cells.h5ad", seed: int = 0, model: str = "model", **options: Any) -> ad.AnnData:
        inputs = "--model", str(self.folder / model), "--query", str(self.folder / "query.h5ad")
        finished(self.start("predict", out, seed, options, *inputs))
        return ad.read_h5ad(self.folder / out)

    def start(self, script: str, out: str, seed: int, options: dict[str, Any], *inputs: str) -> subprocess.Popen:
        command = self.command(script, out, seed, options, *inputs)
        settings = os.environ | {"OMP_NUM_THREADS": "1"}
        return subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def command(self, script: str, out: str, seed: int, options: dict[str, Any], *inputs: str) -> list[str]:
        path = self.folder / f"{out}.options.json"
        path.write_text(json.dumps(self.options | options))
        command = [str(self.python), str(BASELINES / self.name / f"{script}.py"), *inputs]
        command += ["--perturbations", str(self.folder / "perturbations.npz"), "--options", str(path)]
        return [*command, "--seed", str(seed), "--threads", "1", "--device", "cpu", "--out", str(self.folder / out)]


def finished(process: subprocess.Popen) -> str:
    """What a script says on stderr; it must succeed."""
    said = process.communicate(timeout=600)[1]
    assert process.returncode == 0, said
    return said


OURS = Path(sys.executable)

# What differs from the published options at toy size; where a baseline is not listed, its facts are not tested.
SMALL = {"steps": 400, "latent": 10, "hidden": 64, "lr": 2e-3}
TRANSFORMER = {"layers": 2, "heads": 2, "feedforward": 64}
TOY: dict[str, dict[str, Any]] = {
    "control": {},
    "perturb-mean": {},
    "linear": {},
    "scvi": SMALL,
    "cpa": SMALL | {"pretrain_steps": 200, "adversary_warmup_steps": 100, "adversary_weight": 1.0},
    "scgen": {"epochs": 40, "latent": 10, "hidden": 64},
    "scgpt": {"checkpoint": None, "steps": 400, "batch_size": 32, "lr": 2e-3, "dropout": 0.0}
    | TRANSFORMER
    | {"width": 32},
    "cellflow": {"steps": 400, "batch_size": 64, "lr": 1e-3, "accumulate": 1, "components": 10, "condition": 32}
    | {"condition_dropout": 0.5, "perturbation_width": 32, "context_width": 16, "time_width": 32}
    | {"hidden": 64, "decoder": 64},
    "state": {"steps": 400, "sets_per_batch": 4, "cells_per_set": 16, "lr": 3e-3, "hidden": 64, "head_width": 16}
    | TRANSFORMER,
}
