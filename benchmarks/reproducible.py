"""What the reproducible arithmetic costs, as a ratio to arithmetic left alone: python benchmarks/reproducible.py

A mode is asked for before a process does its first sum, so that each measurement is a process of its own; the modes
take turns. Networks run in one thread and are timed in seconds of CPU, which other work on the machine changes little;
scoring is timed by the clock, since what it loses is OpenBLAS's second thread. Prints a Markdown table;
benchmarks/README.md holds the last one with the machine's name.
"""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROUNDS, REPEATS = 5, 3
# What is asked of MKL, OpenBLAS's threads, whether torch's deterministic algorithms are on.
MODES = {
    "left alone": ("", 2, False),
    "AUTO,STRICT": ("AUTO,STRICT", 1, True),
    "COMPATIBLE": ("COMPATIBLE", 1, True),
}


def training_step() -> Callable[[], object]:
    """A training step of stage 1: 32 cells, 1,000 genes."""
    import torch

    from expressionvae.vae.build import Blueprint, build

    size = {"width": 64, "heads": 4, "feedforward": 256, "encoder_blocks": 2, "decoder_blocks": 2, "dropout": 0.1}
    switches = {"context_norm": True, "slot_embedding": True, "decoder_self_attention": False}
    bottleneck = {"kind": "fsq", "tokens": 64, "levels": [8, 8, 8], "normalise": False}
    genes = [str(gene) for gene in range(1000)]
    model = build(Blueprint(genes, {"lower": [], "means": []}, 700.0, size | switches, bottleneck, "nb", {}))
    optimiser = torch.optim.AdamW(model.parameters(), 1e-4, fused=True)
    counts = torch.poisson(torch.full((32, 1000), 0.7))

    def step() -> None:
        optimiser.zero_grad()
        sum(model(counts, counts.sum(1))).backward()
        optimiser.step()

    return step


def embedding() -> Callable[[], object]:
    """Embedding 12 proteins of 300 residues by an ESM2 of 6 layers, width 320 (the smallest published)."""
    import argparse

    import numpy as np
    from esm import Alphabet
    from esm.model.esm2 import ESM2

    from expressionvae.proteins.esm import embed

    size = argparse.Namespace(layers=6, width=320, heads=20)
    model = ESM2(num_layers=size.layers, embed_dim=size.width, attention_heads=size.heads)
    letters = np.random.default_rng(0).choice(list("ARNDCQEGHILKMFPSTWYV"), (12, 300))
    proteins = ["".join(row) for row in letters]
    alphabet = Alphabet.from_architecture("ESM-1b")
    return lambda: embed(proteins, model, alphabet, tokens_per_batch=4096, device="cpu", precision="float32")


def scoring() -> Callable[[], object]:
    """The distances of 1,500 cells from 1,500 others over 1,000 genes, PCA included."""
    import numpy as np
    from sklearn.decomposition import PCA

    from expressionvae.metrics.distribution import distances

    random = np.random.default_rng(0)
    true, predicted = (np.log1p(random.poisson(0.7, (1500, 1000))).astype(np.float64) for _ in range(2))

    def score() -> None:
        pca = PCA(30, random_state=0).fit(true)
        distances(pca.transform(true), pca.transform(predicted), mmd_sigmas=[1, 2, 4, 8, 16], ridge=0.0)

    return score


WORK = {work.__name__: work for work in (training_step, embedding, scoring)}


def measure(name: str, deterministic: bool) -> float:
    """Median seconds of a piece of work in this process."""
    import torch

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(deterministic)
    torch.utils.deterministic.fill_uninitialized_memory = False
    work, taken = WORK[name](), []
    clock = time.perf_counter if name == "scoring" else time.process_time
    work()
    for _ in range(REPEATS):
        started = clock()
        work()
        taken.append(clock() - started)
    return statistics.median(taken)


def seconds(name: str, mode: str) -> float:
    """The same in a process that is asked for a mode."""
    mkl, blas, deterministic = MODES[mode]
    asked = os.environ | {"OPENBLAS_NUM_THREADS": str(blas), "OMP_NUM_THREADS": "1"}
    asked.pop("MKL_CBWR", None)
    asked |= {"MKL_CBWR": mkl} if mkl else {}
    command = [sys.executable, __file__, name, str(int(deterministic))]
    told = subprocess.run(command, env=asked, capture_output=True, text=True, check=True)
    return float(told.stdout.splitlines()[-1])


def processor() -> str:
    names = [
        line for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if line.startswith("model name")
    ]
    return names[0].split(": ", 1)[1] if names else platform.machine()


def main() -> None:
    import torch

    print(f"{processor()}, torch {torch.__version__}, Python {platform.python_version()}\n")
    print(f"| work | {' | '.join(f'{mode}, s' for mode in MODES)} | {' | '.join(list(MODES)[1:])} |")
    print(f"|---|{'--:|' * (2 * len(MODES) - 1)}")
    for name, work in WORK.items():
        rounds = [{mode: seconds(name, mode) for mode in MODES} for _ in range(ROUNDS)]
        taken = [statistics.median(row[mode] for row in rounds) for mode in MODES]
        # Of each round, whose processes ran one after the other: the machine's load cancels.
        ratios = [statistics.median(row[mode] / row["left alone"] for row in rounds) for mode in list(MODES)[1:]]
        cells = [f"{value:.3g}" for value in taken] + [f"{value:.2f}" for value in ratios]
        print(f"| {(work.__doc__ or '').strip()} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(measure(sys.argv[1], bool(int(sys.argv[2]))))
    else:
        main()
