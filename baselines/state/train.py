"""Train STATE through `state tx train` (see ../README.md for the command line).

Its loader reads the h5ad files that a TOML file names, and what part each plays. Ours names one, all of it training.
"""

import shutil
import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import numpy as np
import steps
from contract import (
    Progress,
    fingerprint,
    main,
    model_folder,
    read_options,
    read_train,
    read_vectors,
    train_arguments,
)
from model import Options, as_upstream_wants, call, codes, logged, train_command, write_vectors

SPLIT = '[datasets]\nscreen = "data/screen.h5ad"\n[training]\nscreen = "train"\n'
LEFT = ("checkpoints/final.ckpt", "config.yaml", "var_dims.pkl", "pert_onehot_map.pt")
LEFT += ("batch_onehot_map.torch", "cell_type_onehot_map.torch")  # what `state tx infer` reads


def folder_of(out: Path, mark: str) -> Path:
    """Where upstream works, beside the model folder: kept when killed, emptied if it was another training's."""
    folder = out.parent / f".{out.name}.checkpoint"
    stamp = folder / "fingerprint"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != mark:
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "data").mkdir(parents=True)
        stamp.write_text(mark, encoding="utf-8")
    return folder


def train(given: Namespace) -> None:
    options = read_options(given.options, Options)
    steps.settle(given.seed, given.threads, given.device)
    cells = read_train(given.train)
    labels, cell_types = np.unique(cells.perturbation).tolist(), np.unique(cells.cell_type).tolist()
    embedded = options.perturbation_vectors == "embedding"
    vectors = read_vectors(given.perturbations) if embedded else {}

    used = [given.perturbations] if embedded else []
    folder = folder_of(given.out.absolute(), fingerprint(given.train, *used, asdict(options), given.seed, given.device))
    if embedded:
        write_vectors(folder / "data" / "vectors.pt", vectors, labels, cells.control)
    as_upstream_wants(cells, labels, cell_types, options.target_sum).write_h5ad(folder / "data" / "screen.h5ad")
    (folder / "data" / "split.toml").write_text(SPLIT, encoding="utf-8")
    about = {"genes": cells.genes, "control": cells.control}
    del cells

    ran, progress = folder / "run", Progress("state", options.steps)
    if (ran / "checkpoints" / "last.ckpt").exists():
        print("state: goes on from its last checkpoint", file=sys.stderr, flush=True)
    told = logged(ran / "version_0" / "metrics.csv")

    def watch() -> None:
        nonlocal told
        now = logged(ran / "version_0" / "metrics.csv")
        if now and now != told:
            progress(*now)
            told = now

    command = train_command(options, codes("p", labels)[about["control"]], given.seed)
    call(command, folder, given.threads, given.device, watch)
    about |= {"labels": labels, "cell_types": cell_types, "options": asdict(options), "seed": given.seed}
    with model_folder(given.out, **about) as finished:
        for name in LEFT:
            (finished / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(ran / name, finished / name)
        shutil.copyfile(folder / "state.log", finished / "state.log")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main(train, train_arguments())
