"""Timed comparisons, each a ratio of two ways in one run (machines are noisy; seconds mean little): `make bench`.

Prints a Markdown table, of all or of those named; benchmarks/README.md holds the last one with the machine's name.
"""

import platform
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from unittest.mock import patch

import numpy as np
import torch
from scipy import sparse
from torch import nn

from expressionvae.vae.build import Blueprint, build
from expressionvae.vae.model import Encoder, ExpressionVAE

REPEATS = 5


def ratio(slow: Callable[[], object], fast: Callable[[], object]) -> tuple[float, float, float]:
    """Median CPU seconds of both ways, run by turns after one warm-up, and their ratio."""
    slow(), fast()
    times = {slow: [], fast: []}
    for _ in range(REPEATS):
        for way, taken in times.items():
            started = time.process_time()
            way()
            taken.append(time.process_time() - started)
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


def denoising_steps() -> tuple[float, float, float]:
    """MDLM sampling of 64 codes in all 128 steps, against those in which a code of the cell is restored."""
    from expressionvae.nn.dit import DiT
    from expressionvae.priors.mdlm import MaskedDiffusion

    torch.manual_seed(0)
    tokens, width, cells, steps = 64, 128, 32, 128
    ways = dict.fromkeys(("plain_norms", "silu_condition", "modulate_output", "zero_output"), False)
    prior = MaskedDiffusion(DiT(width, 4, 3, 512, 0.0, 512, **ways), width, tokens, 512, 0.005, 1000.0).eval()
    condition = torch.randn(cells, width)

    def all_steps() -> torch.Tensor:
        codes = torch.full((cells, tokens), prior.mask)
        for step in range(steps, 0, -1):
            chance = prior.logits(codes, torch.full((cells,), step / steps), condition).softmax(-1)
            drawn = torch.multinomial(chance.flatten(0, 1), 1).view_as(codes)
            restored = (codes == prior.mask) & (torch.rand(codes.shape) < 1 / step)
            codes = torch.where(restored, drawn, codes)
        return codes

    with torch.no_grad():
        return ratio(all_steps, lambda: prior.sample(condition, torch.Generator().manual_seed(0), steps=steps))


def stage_one(
    genes: int, width: int, blocks: int, self_attention: bool, dropout: float = 0.0, channels: int = 32
) -> ExpressionVAE:
    """A model of 64 tokens; `channels` of each head."""
    size = {"width": width, "heads": width // channels, "feedforward": 4 * width, "dropout": dropout}
    size |= {"encoder_blocks": blocks, "decoder_blocks": blocks, "decoder_self_attention": self_attention}
    size |= {"context_norm": False, "slot_embedding": False}
    bottleneck = {"kind": "fsq", "tokens": 64, "levels": [8, 8, 8], "normalise": False}
    names = [str(gene) for gene in range(genes)]
    return build(Blueprint(names, {"lower": [], "means": []}, size, bottleneck, "mse", {}))


def sparse_counts(cells: int, genes: int) -> torch.Tensor:
    """About 80% zeros, as in the paper's screens; the richest of 128 such cells expresses a quarter of its genes."""
    random = torch.Generator().manual_seed(0)
    mean = torch.empty(genes).log_normal_(-2.0, 1.5, generator=random)
    return torch.poisson(mean.expand(cells, genes), generator=random)


def each_cell_for_itself(blocks: nn.ModuleList, cells: int) -> ExitStack:
    """Until it is closed, the first of these blocks is given the same queries once a cell."""
    stack = ExitStack()
    hook = blocks[0].register_forward_pre_hook(lambda _, inputs: (inputs[0].expand(cells, -1, -1), *inputs[1:]))
    stack.callback(hook.remove)
    return stack


def shared_decoding() -> tuple[float, float, float]:
    """Decoding 8 cells of 2,000 genes at the paper's size with the first self-attention for each cell, against once."""
    torch.manual_seed(0)
    model, cells = stage_one(2000, 256, 4, self_attention=True).eval(), 8
    codes, library = torch.randint(512, (cells, 64)), torch.ones(cells)

    def once() -> torch.Tensor:
        return model.decode(codes, library, "mean", torch.Generator())

    def each() -> None:
        with each_cell_for_itself(model.decoder.blocks, cells):
            once()

    with torch.no_grad():
        return ratio(each, once)


def merged_zeros() -> tuple[float, float, float]:
    """Encoding 32 cells of 2,000 genes, 80% zeros, at the paper's size with all genes, against zeros as one token."""
    torch.manual_seed(0)
    model, counts = stage_one(2000, 256, 4, self_attention=True).eval(), sparse_counts(32, 2000)

    def merged() -> torch.Tensor:
        return model.encode(counts, counts.sum(1) / 700)

    def plain() -> None:
        with patch.object(Encoder, "_may_merge", return_value=False):
            merged()

    with torch.no_grad():
        return ratio(plain, merged)


def exact_step(self_attention: bool) -> tuple[float, float, float]:
    torch.manual_seed(0)
    cells = 8
    model, counts = stage_one(2000, 128, 2, self_attention), sparse_counts(cells, 2000)

    def step() -> None:
        model(counts, counts.sum(1) / 700)[0].backward()

    def plain() -> None:
        with (
            patch.object(Encoder, "_may_merge", return_value=False),
            each_cell_for_itself(model.decoder.blocks, cells),
            each_cell_for_itself(model.encoder.blocks, cells),
        ):
            step()

    return ratio(plain, step)


def training_step() -> tuple[float, float, float]:
    """A training step without dropout (8 cells, 2,000 genes, two blocks of width 128), plain, against zeros merged and
    the first self-attention shared."""
    return exact_step(self_attention=True)


def lean_training_step() -> tuple[float, float, float]:
    """That training step without self-attention among genes."""
    return exact_step(self_attention=False)


def step_of(**choice: float) -> Callable[[], None]:
    """A training step of 2 cells of 2,000 genes, one block of the paper's width, by what is chosen otherwise."""
    torch.manual_seed(0)
    model, counts = stage_one(2000, 256, 1, True, **choice), sparse_counts(2, 2000)  # pyright: ignore[reportArgumentType]
    return lambda: model(counts, counts.sum(1) / 700)[0].backward()


def dropout() -> tuple[float, float, float]:
    """A training step of stage 1 at the paper's width with dropout 0.1, against one without."""
    return ratio(step_of(dropout=0.1), step_of())


def heads() -> tuple[float, float, float]:
    """A training step of stage 1 at the paper's width with 8 heads of 32, against 4 of 64, without dropout."""
    return ratio(step_of(), step_of(channels=64))


def gene_self_attention() -> tuple[float, float, float]:
    """A training step of stage 1 with self-attention among 1,000 genes in the decoder, against one without."""
    counts = torch.poisson(torch.full((16, 1000), 0.7))

    def step(self_attention: bool) -> Callable[[], None]:
        model = stage_one(1000, 64, 2, self_attention)
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


COMPARISONS = {
    measure.__name__: measure
    for measure in (
        cached_sampling,
        denoising_steps,
        shared_decoding,
        merged_zeros,
        training_step,
        lean_training_step,
        gene_self_attention,
        dropout,
        heads,
        differential_expression,
    )
}


def main() -> None:
    torch.set_num_threads(1)
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or platform.machine()
    print(f"{device}, one thread, torch {torch.__version__}, Python {platform.python_version()}\n")
    print("| comparison | CPU seconds | against | ratio |\n|---|--:|--:|--:|")
    asked = sys.argv[1:] or list(COMPARISONS)
    for measure in (COMPARISONS[name] for name in asked):
        slower, faster, times = measure()
        print(
            f"| {' '.join((measure.__doc__ or '').split())} | {slower:.3g} | {faster:.3g} | {times:.2f} |", flush=True
        )


if __name__ == "__main__":
    sys.exit(main())
