"""Time and memory of preparing a published screen, on a stand-in of its layout and any size.

    python benchmarks/prepare.py --kind parse1m --cells 1000000 --folder FOLDER      # sparse, 11 GB
    python benchmarks/prepare.py --kind replogle --cells 966712 --folder FOLDER      # dense, 31 GB, as the real ones
    python benchmarks/prepare.py --kind reversion --cells 864115 --folder FOLDER     # sparse, 50 GB, as the real one

Makes the files in FOLDER (kept, and used again), runs the preparation through Snakemake there, and prints wall time,
peak memory (RSS) per step, and the ratio to the time of reading the files once. benchmarks/README.md has the last run.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import psutil
import yaml
from anndata.io import write_elem
from scipy.sparse import csr_matrix

REPOSITORY = Path(__file__).resolve().parents[1]
PANEL = [f"GENE{i}" for i in range(0, 8000, 4)]
GENES = [f"GENE{i}" for i in range(8000)]
LINES = {
    "k562": "K562_essential_raw_singlecell_01.h5ad",
    "rpe1": "rpe1_raw_singlecell_01.h5ad",
    "hepg2": "GSE264667_hepg2_raw_singlecell_01.h5ad",
    "jurkat": "GSE264667_jurkat_raw_singlecell_01.h5ad",
}
ATLAS = "Parse_10M_PBMC_cytokines.h5ad"
REVERSION = "reversion.h5ad"
OTHERS = 36_000  # genes of the reversion screen, those of the panel among them
TARGETS = ["TNFRSF1A", "TRADD", "JUNB", "JUND", "NFKB1", "NFKB2", *(f"TARGET{i}" for i in range(1_725))]
DRAWN = 4000  # cells really drawn; the others are their copies in another order


def counts(mean_library: float, generator: np.random.Generator) -> np.ndarray:
    """Poisson counts of `DRAWN` cells, expression log-normal over genes, library sizes log-normal over cells."""
    share = generator.lognormal(0, 2.0, len(GENES))
    library = generator.lognormal(np.log(mean_library), 0.5, DRAWN)
    return generator.poisson(library[:, None] * share / share.sum()).astype(np.float32)


def tables(file: h5py.File, obs: pd.DataFrame, var: pd.DataFrame) -> None:
    file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
    write_elem(file, "obs", obs)
    write_elem(file, "var", var)


def make_atlas(path: Path, cells: int, generator: np.random.Generator) -> None:
    """Parse's layout: float32 CSR, one donor, 18 cell types, 90 cytokines and PBS."""
    drawn = csr_matrix(counts(3000.0, generator))
    labels = {
        "donor": ["Donor1"] * cells,
        "cell_type": generator.choice(["CD4 Naive", *(f"Type {i}" for i in range(17))], cells),
        "cytokine": generator.choice(["PBS", *(f"IL-{i}" for i in range(90))], cells),
    }
    index = pd.Index([f"{i % 96:02d}_{i // 96:07d}__s1" for i in range(cells)])
    obs = pd.DataFrame(labels, index=index).astype("category")
    write_sparse(path, obs, pd.DataFrame(index=GENES), drawn, generator)


def write_sparse(
    path: Path, obs: pd.DataFrame, var: pd.DataFrame, drawn: csr_matrix, generator: np.random.Generator
) -> None:
    """An h5ad of as many cells as `obs` has rows: those drawn, over and over, each time in another order."""
    with h5py.File(path, "w") as file:
        tables(file, obs, var)
        group = file.create_group("X")
        group.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": (len(obs), len(var))})
        for name, number in (("data", np.float32), ("indices", np.int32)):
            group.create_dataset(name, (0,), number, maxshape=(None,), chunks=(1 << 20,))
        ends = [np.zeros(1, np.int64)]
        for start in range(0, len(obs), drawn.shape[0]):
            block = drawn[generator.permutation(drawn.shape[0])[: len(obs) - start]]
            at = ends[-1][-1]
            for name in ("data", "indices"):
                group[name].resize((at + block.nnz,))
                group[name][at:] = getattr(block, name)
            ends.append(at + block.indptr[1:].astype(np.int64))
        group["indptr"] = np.concatenate(ends)


def make_reversion(path: Path, cells: int, generator: np.random.Generator) -> None:
    """The layout assumed of the reversion screen: float32 CSR over 36,000 genes, 60 kB a cell as in the real file."""
    share = generator.lognormal(0, 2.0, OTHERS)
    library = generator.lognormal(np.log(20_000.0), 0.3, DRAWN // 8)
    drawn = csr_matrix(generator.poisson(library[:, None] * share / share.sum()).astype(np.float32))
    labels = {
        "gene_target": generator.choice(
            ["SAFE_TARGET", *TARGETS], cells, p=[0.05, *[0.95 / len(TARGETS)] * len(TARGETS)]
        ),
        "condition": generator.choice(["Treated", "Untreated"], cells),
    }
    index = pd.Index([f"{i:08d}-1" for i in range(cells)])
    genes = pd.DataFrame(index=[*GENES, *(f"OTHER{i}" for i in range(OTHERS - len(GENES)))])
    write_sparse(path, pd.DataFrame(labels, index=index).astype("category"), genes, drawn, generator)


def make_line(path: Path, cells: int, generator: np.random.Generator) -> None:
    """Replogle's layout: dense float32, uncompressed; 200 targets at a tenth of their expression, 5% controls."""
    drawn = counts(10000.0, generator)
    targets = np.array(["non-targeting", *GENES[:200]])
    share = np.array([0.05, *[0.95 / 200] * 200])
    label = generator.choice(len(targets), cells, p=share)
    obs = pd.DataFrame({"gene": pd.Categorical(targets[label])}, index=[f"CELL{i:07d}-1" for i in range(cells)])
    var = pd.DataFrame({"gene_name": GENES}, index=[f"ENSG{i:011d}" for i in range(len(GENES))])
    with h5py.File(path, "w") as file:
        tables(file, obs, var)
        stored = file.create_dataset("X", (cells, len(GENES)), np.float32)
        stored.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
        for start in range(0, cells, DRAWN):
            block = drawn[generator.permutation(DRAWN)[: cells - start]]
            rows, own = np.arange(len(block)), label[start : start + len(block)] - 1
            block[rows, own] = np.where(own >= 0, np.floor(block[rows, own] * 0.1), block[rows, own])
            stored[start : start + len(block)] = block


def make(kind: str, cells: int, folder: Path) -> list[Path]:
    """The stand-in's files, split lists and list of downloads; what is there already is kept."""
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    if kind == "parse1m":
        labels = ("cytokine", ["PBS", *(f"IL-{i}" for i in range(90))], [f"IL-{i}" for i in range(27)])
        write_split(data, kind, labels, ("cell_type", ["CD4 Naive", *(f"Type {i}" for i in range(17))], ["CD4 Naive"]))
    if kind == "replogle":
        labels = ("gene", ["non-targeting", *GENES[:200]], GENES[:40])
        write_split(data, kind, labels, ("cell_line", sorted(LINES), ["hepg2"]))
    names = {"parse1m": [ATLAS], "replogle": [*LINES.values()], "reversion": [REVERSION]}[kind]
    writer = {"parse1m": make_atlas, "replogle": make_line, "reversion": make_reversion}[kind]
    for seed, name in enumerate(names):
        if not (data / name).exists():
            started = time.monotonic()
            writer(data / f"{name}.making", cells // len(names), np.random.default_rng(seed))
            (data / f"{name}.making").rename(data / name)
            print(f"made {name} in {time.monotonic() - started:.0f} s", flush=True)
    entries = yaml.safe_load((REPOSITORY / "resources" / "downloads.yaml").read_text())
    facts = ("bytes", "md5", "sha256", "api", "cells", "genes", "controls", "donor_cells")
    listed = {name: {k: v for k, v in entry.items() if k not in facts} for name, entry in entries.items()}
    (folder / "list.yaml").write_text(yaml.safe_dump(listed))
    return [data / name for name in names]


def write_split(data: Path, kind: str, labels: tuple[str, list, list], groups: tuple[str, list, list]) -> None:
    """scLDM's two lists: column, all labels and held-out ones, of perturbations and of cell types."""
    for part, which in {"train": 1, "test": 2}.items():
        split = {"genes": PANEL, "labels": {column[0]: column[which] for column in (groups, labels)}}
        (data / f"{kind}_{part}.json").write_text(json.dumps(split))


def forget(paths: list[Path]) -> None:
    """Drop files from the page cache, so that they are read from the disk."""
    for path in paths:
        with open(path, "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read_once(paths: list[Path]) -> float:
    """Seconds to read files from beginning to end."""
    forget(paths)
    started = time.monotonic()
    for path in paths:
        with open(path, "rb", buffering=0) as file:
            while file.read(1 << 26):
                pass
    return time.monotonic() - started


def watched(command: list[str]) -> dict[str, int]:
    """Run a command; peak RSS in bytes of each rule's script (and of `all`: the whole tree at once)."""
    peaks: dict[str, int] = defaultdict(int)
    process = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY)
    while process.poll() is None:
        total = 0
        for child in [process, *process.children(recursive=True)]:
            try:
                rss, line = child.memory_info().rss, " ".join(child.cmdline())
            except psutil.Error:
                continue
            total += rss
            name = line.rsplit("/", 1)[-1].split(".")[-2] if "scripts/tmp" in line else "snakemake"
            peaks[name] = max(peaks[name], rss)
        peaks["all"] = max(peaks["all"], total)
        time.sleep(0.25)
    if process.returncode:
        sys.exit(process.stderr.read())
    return peaks


def snakemake(folder: Path, *targets: str, again: list[str] | None = None) -> list[str]:
    """The command that makes some files in a folder, and the rules that run even if they have."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile"), "--cores", "1"]
    rerun = ["--forcerun", *again] if again else []
    return [*command, "--directory", str(folder), "--configfile", str(folder / "overlay.yaml"), *rerun, "--", *targets]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kind", choices=["parse1m", "replogle", "reversion"], required=True)
    parser.add_argument("--cells", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    folder, kind = options.folder.resolve(), options.kind
    dataset = {"replogle": {"on_difference": "report"}, "parse1m": {"on_difference": "report", "counts_from": "full"}}
    if kind == "reversion":
        dataset["replogle"] |= {"min_cells": 2}
    overlay = {"data_dir": str(folder / "data"), "downloads": str(folder / "list.yaml"), "datasets": dataset}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "overlay.yaml").write_text(yaml.safe_dump(overlay))
    if kind == "reversion":  # is cut to the panel of a training screen: a small one serves
        make("replogle", 8_000, folder)
        watched(snakemake(folder, "results/replogle/train.h5ad"))
    files = make(kind, options.cells, folder)
    size = sum(path.stat().st_size for path in files)
    reading = read_once(files)
    print(f"{len(files)} files of {size / 1e9:.2f} GB, read once in {reading:.1f} s ({size / 1e6 / reading:.0f} MB/s)")

    forget(files)
    started = time.monotonic()
    if kind == "reversion":
        logs = {"slice_reversion": "replogle/wong2026"}
        targets = ["results/replogle/reversion-wong2026.h5ad"]
    else:
        logs = {f"assemble_{kind}": kind, "prepare": kind}
        targets = [f"results/{kind}/heldout.h5ad", f"results/{kind}/quality.png"]
    peaks = watched(snakemake(folder, *targets, again=[*logs]))
    wall = time.monotonic() - started
    print(f"snakemake took {wall:.0f} s, {wall / reading:.1f} times the reading; peak of all processes together:")
    for name, peak in sorted(peaks.items()):
        print(f"  {name:25} {peak / 1e9:.2f} GB")
    for rule, name in logs.items():
        print(f"{rule}:\n" + (folder / "logs" / rule / f"{name}.log").read_text())
    for path in sorted((folder / "results").glob("*/*.h5ad")):
        print(f"  {path.parent.name}/{path.name:15} {path.stat().st_size / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
