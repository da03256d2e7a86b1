"""Timed comparisons, each a ratio of two ways in one run (machines are noisy; seconds mean little): `make bench`.

Prints a Markdown table; benchmarks/README.md holds the last one with the machine's name.
"""

import platform
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from scipy import sparse

REPEATS = 5


def ratio(slow: Callable[[], object], fast: Callable[[], object]) -> tuple[float, float, float]:
    """Median seconds of both ways, run by turns after one warm-up, and their ratio."""
    slow(), fast()
    times = {slow: [], fast: []}
    for _ in range(REPEATS):
        for way, taken in times.items():
            started = time.perf_counter()
            way()
            taken.append(time.perf_counter() - started)
    slower, faster = (statistics.median(taken) for taken in times.values())
    return slower, faster, slower / faster


def cached_sampling() -> tuple[float, float, float]:
    """AR sampling of 64 codes with keys and values kept, against a forward pass over the whole a code."""
    from expressionvae.nn.dit import DiT
    from expressionvae.priors.ar import Autoregressive

    torch.manual_seed(0)
    tokens, width, cells = 64, 128, 32
    ways = dict.fromkeys(("plain_norms", "silu_condition", "modulate_output", "zero_output"), False)
    prior = Autoregressive(DiT(width, 4, 3, 512, 0.0, 512, **ways), width, tokens, 512, positions=False).eval()
    condition = torch.randn(cells, width)

    def reforward():
        codes = torch.zeros(cells, tokens, dtype=torch.long)
        for position in range(tokens):
            drawn = yield prior.logits(codes, condition)[:, position]
            codes[:, position] = drawn[:, 0]

    with torch.no_grad():
        return ratio(
            lambda: prior._draw(reforward(), torch.Generator().manual_seed(0)),
            lambda: prior.sample(condition, torch.Generator().manual_seed(0)),
        )


def gene_self_attention() -> tuple[float, float, float]:
    """A training step of stage 1 with self-attention among 1,000 genes in the decoder, against one without."""
    from expressionvae.vae.build import Blueprint, build

    counts = torch.poisson(torch.full((16, 1000), 0.7))
    size = {"width": 64, "heads": 4, "feedforward": 256, "encoder_blocks": 2, "decoder_blocks": 2, "dropout": 0.0}
    switches = {"context_norm": False, "slot_embedding": False}
    bottleneck = {"kind": "fsq", "tokens": 64, "levels": [8, 8, 8], "normalise": False}

    def step(self_attention: bool) -> Callable[[], None]:
        sizes = size | switches | {"decoder_self_attention": self_attention}
        genes = [str(gene) for gene in range(1000)]
        model = build(Blueprint(genes, {"lower": [], "means": []}, sizes, bottleneck, "mse", {}))
        return lambda: model(counts, counts.sum(1) / 700)[0].backward()

    return ratio(step(True), step(False))


def differential_expression() -> tuple[float, float, float]:
    """Rank tests of 20 perturbations x 1,000 genes by pdex (compiled), against ours."""
    from pdex import pdex

    from expressionvae.evaluation.comparison import Compared
    from expressionvae.metrics.de import differential_expression as ours

    random = np.random.default_rng(0)
    values = np.log1p(random.poisson(0.7, (3000, 1000))).astype(np.float32)
    labels = np.array(["ctrl"] * 1000 + [f"p{i:02d}" for i in range(20) for _ in range(100)])
    cells = Compared(sparse.csr_matrix(values), labels, np.array([f"g{i}" for i in range(1000)]), "ctrl")
    return ratio(
        lambda: pdex(cells.anndata(), groupby="perturbation", reference="ctrl", threads=1),
        lambda: ours(cells, epsilon=0.0, threads=1),
    )


def main() -> None:
    torch.set_num_threads(1)
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or platform.machine()
    print(f"{device}, one thread, torch {torch.__version__}, Python {platform.python_version()}\n")
    print("| comparison | seconds | against | ratio |\n|---|--:|--:|--:|")
    for measure in (cached_sampling, gene_self_attention, differential_expression):
        slower, faster, times = measure()
        print(
            f"| {' '.join((measure.__doc__ or '').split())} | {slower:.3g} | {faster:.3g} | {times:.1f} |", flush=True
        )


if __name__ == "__main__":
    sys.exit(main())
