"""Time and memory of preparing a published screen, on a stand-in of its layout and any size.

    python benchmarks/prepare.py --kind parse1m --cells 1000000 --folder FOLDER      # sparse, 8 GB on disk
    python benchmarks/prepare.py --kind replogle --cells 100000 --folder FOLDER      # dense, 3 GB: 25,000 cells a line

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
    with h5py.File(path, "w") as file:
        tables(file, pd.DataFrame(labels, index=index).astype("category"), pd.DataFrame(index=GENES))
        group = file.create_group("X")
        group.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": (cells, len(GENES))})
        for name, number in (("data", np.float32), ("indices", np.int32)):
            group.create_dataset(name, (0,), number, maxshape=(None,), chunks=(1 << 20,))
        ends = [np.zeros(1, np.int64)]
        for start in range(0, cells, DRAWN):
            block = drawn[generator.permutation(DRAWN)[: cells - start]]
            at = ends[-1][-1]
            for name in ("data", "indices"):
                group[name].resize((at + block.nnz,))
                group[name][at:] = getattr(block, name)
            ends.append(at + block.indptr[1:].astype(np.int64))
        group["indptr"] = np.concatenate(ends)


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
        sizes = {ATLAS: cells}
        labels = ("cytokine", ["PBS", *(f"IL-{i}" for i in range(90))], [f"IL-{i}" for i in range(27)])
        groups = ("cell_type", ["CD4 Naive", *(f"Type {i}" for i in range(17))])
    else:
        sizes = dict.fromkeys(LINES.values(), cells // len(LINES))
        labels = ("gene", ["non-targeting", *GENES[:200]], GENES[:40])
        groups = ("cell_line", sorted(LINES))
    held_out = ["CD4 Naive"] if kind == "parse1m" else ["hepg2"]
    for part, (types, names) in {"train": (groups[1], labels[1]), "test": (held_out, labels[2])}.items():
        split = {"genes": PANEL, "labels": {groups[0]: types, labels[0]: names}}
        (data / f"{kind}_{part}.json").write_text(json.dumps(split))
    writer = make_atlas if kind == "parse1m" else make_line
    for seed, (name, number) in enumerate(sizes.items()):
        if not (data / name).exists():
            started = time.monotonic()
            writer(data / f"{name}.making", number, np.random.default_rng(seed))
            (data / f"{name}.making").rename(data / name)
            print(f"made {name} in {time.monotonic() - started:.0f} s", flush=True)
    entries = yaml.safe_load((REPOSITORY / "resources" / "downloads.yaml").read_text())
    facts = ("bytes", "md5", "sha256", "cells", "genes", "controls", "donor_cells")
    listed = {name: {k: v for k, v in entry.items() if k not in facts} for name, entry in entries.items()}
    (folder / "list.yaml").write_text(yaml.safe_dump(listed))
    return [data / name for name in sizes]


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
        time.sleep(0.1)
    if process.returncode:
        sys.exit(process.stderr.read())
    return peaks


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kind", choices=["parse1m", "replogle"], required=True)
    parser.add_argument("--cells", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    folder, kind = options.folder.resolve(), options.kind
    files = make(kind, options.cells, folder)
    size = sum(path.stat().st_size for path in files)
    reading = read_once(files)
    print(f"{len(files)} files of {size / 1e9:.2f} GB, read once in {reading:.1f} s ({size / 1e6 / reading:.0f} MB/s)")

    dataset = {"replogle": {"on_difference": "report"}, "parse1m": {"on_difference": "report", "counts_from": "full"}}
    overlay = {"data_dir": str(folder / "data"), "downloads": str(folder / "list.yaml"), "datasets": dataset}
    (folder / "overlay.yaml").write_text(yaml.safe_dump(overlay))
    forget(files)
    started = time.monotonic()
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "Snakefile"), "--cores", "1"]
    targets = [f"results/{kind}/heldout.h5ad", f"results/{kind}/quality.png"]
    last = ["--forcerun", f"assemble_{kind}", "prepare"]
    arguments = ["--directory", str(folder), "--configfile", str(folder / "overlay.yaml"), *last, "--", *targets]
    peaks = watched([*command, *arguments])
    wall = time.monotonic() - started
    print(f"snakemake took {wall:.0f} s, {wall / reading:.1f} times the reading; peak of all processes together:")
    for name, peak in sorted(peaks.items()):
        print(f"  {name:25} {peak / 1e9:.2f} GB")
    for log in (f"assemble_{kind}", "prepare"):
        print(f"{log}:\n" + (folder / "logs" / log / f"{kind}.log").read_text())
    for path in sorted((folder / "results" / kind).glob("*.h5ad")):
        print(f"  {path.name:15} {path.stat().st_size / 1e9:.2f} GB")


if __name__ == "__main__":
    main()
