"""Which kernel of attention is fastest on this device: `python benchmarks/attention.py [report.json]`.

The decoder's self-attention among genes at the paper's sizes: 2,000 genes, 8 heads of 32 (and 4 of 64, as
`vae.model.heads: 4` has), dropout 0 and 0.1, batches of 128 cells in bfloat16; forward and backward apart. Variants
that run are compared with the plain formula in float32; with dropout, by their mean over many draws. On a CPU the
sizes are small, the precision is float32, and only that they agree means anything. Needs torch alone.
"""

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.attention.flex_attention import flex_attention

GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda" if GPU else "cpu")
PRECISION = torch.bfloat16 if GPU else torch.float32
CELLS, GENES = (128, 2000) if GPU else (2, 256)
SHAPES = {"8 heads of 32": (8, 32), "4 heads of 64": (4, 64)}
RATES = (0.0, 0.1)
WARM_UP, BURST, BURSTS = 3, 10, 5
DRAWS = 200  # whose mean is compared where dropout is drawn
KERNELS = {
    "flash": SDPBackend.FLASH_ATTENTION,
    "cudnn": SDPBackend.CUDNN_ATTENTION,
    "efficient": SDPBackend.EFFICIENT_ATTENTION,
    "math": SDPBackend.MATH,
}

Attend = Callable[[Tensor, Tensor, Tensor, float], Tensor]


def of_kernel(kernel: SDPBackend) -> Attend:
    def attend(query: Tensor, key: Tensor, value: Tensor, rate: float) -> Tensor:
        with sdpa_kernel(kernel):
            return F.scaled_dot_product_attention(query, key, value, dropout_p=rate)

    return attend


def as_torch_chooses(query: Tensor, key: Tensor, value: Tensor, rate: float) -> Tensor:
    return F.scaled_dot_product_attention(query, key, value, dropout_p=rate)


def mixed(seed: Tensor, cell: Tensor, head: Tensor, row: Tensor, column: Tensor, heads: int, genes: int) -> Tensor:
    """31 random bits for each score, from its place and a seed: the mask need not be kept for the backward pass.

    Two rounds of shift and multiply over 32 bits (the constants of C. Wellons's public-domain lowbias32), in int64, so
    that every backend wraps alike.
    """
    low = 0xFFFFFFFF
    place = ((cell.to(torch.int64) * heads + head) * genes + row) * genes + column
    bits = (place ^ seed) & low
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        bits = ((bits ^ (bits >> shift)) * factor) & low
    return (bits ^ (bits >> 16)) >> 1


def flex(compiled: bool, exact: bool) -> Attend:
    """FlexAttention with dropout fused into the scores.

    A dropped probability leaves the sum of values, but not the sum that it is divided by, which a function of scores
    cannot do: it takes the dropped ones out of both. `exact`: a second pass gives the sum over all, which brings the
    scale back; without it, probabilities are normalised over those that are kept, which differs by the share that was
    dropped less its mean: some thousandths among 2,000 genes.
    """
    run = torch.compile(flex_attention, dynamic=False) if compiled else flex_attention

    def attend(query: Tensor, key: Tensor, value: Tensor, rate: float) -> Tensor:
        if not rate:
            return run(query, key, value)
        heads, genes = query.shape[1:3]
        seed = torch.randint(2**31, (), device=query.device)
        least = int(rate * 2**31)

        def keep(score: Tensor, cell: Tensor, head: Tensor, row: Tensor, column: Tensor) -> Tensor:
            return torch.where(mixed(seed, cell, head, row, column, heads, genes) >= least, score, -math.inf)

        if not exact:
            return run(query, key, value, score_mod=keep)
        kept, kept_sum = run(query, key, value, score_mod=keep, return_lse=True)
        all_sum = run(query, key, value, return_lse=True)[1]
        share = (kept_sum - all_sum).exp().unsqueeze(-1)  # of the probability that was not dropped
        return (kept * share / (1 - rate)).to(query.dtype)

    return attend


def variants(rate: float) -> dict[str, Attend]:
    """By name. FlexAttention is compiled, which it has to be, on a GPU; on a CPU it has no backward pass."""
    made = {"as torch chooses": as_torch_chooses, **{name: of_kernel(kernel) for name, kernel in KERNELS.items()}}
    made["flex"] = flex(compiled=GPU, exact=True)
    return made | ({"flex, over what is kept": flex(compiled=GPU, exact=False)} if rate else {})


def inputs(heads: int, channels: int, gradient: bool = True) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    shape = (CELLS, GENES, heads, channels)  # as the projections leave them: heads beside each other
    return tuple(  # pyright: ignore[reportReturnType]
        torch.randn(shape, device=DEVICE, dtype=PRECISION).transpose(1, 2).detach().requires_grad_(gradient)
        for _ in range(3)
    )


def error(attend: Attend, heads: int, channels: int, rate: float, backward: bool) -> float:
    """Root mean square difference of output and gradients from the formula, over the root mean square of these.

    With dropout, means over draws: of the output and the values' gradient, which are linear in what is drawn.
    """
    few = [tensor.detach()[:2, :, :128].float() for tensor in inputs(heads, channels)]
    exact = [tensor.clone().requires_grad_() for tensor in few]
    plain = torch.softmax(exact[0] @ exact[1].transpose(2, 3) / math.sqrt(channels), -1) @ exact[2]
    upstream = torch.randn(plain.shape, device=DEVICE)
    expected = [plain.detach(), *torch.autograd.grad(plain, exact, upstream)]
    draws = DRAWS if rate else 1
    means = [torch.zeros_like(one) for one in expected]
    for _ in range(draws):
        given = [tensor.to(PRECISION).requires_grad_(backward) for tensor in few]
        output = attend(*given, rate)
        gradients = torch.autograd.grad(output, given, upstream.to(PRECISION)) if backward else ()
        for mean, one in zip(means, (output.detach(), *gradients), strict=False):
            mean += one.float() / draws
    compared = [0] if not backward else [0, 3] if rate else [0, 1, 2, 3]
    return max(
        float((means[i] - expected[i]).square().mean().sqrt() / expected[i].square().mean().sqrt()) for i in compared
    )


def milliseconds(action: Callable[[], object]) -> float:
    """Of one call: the median of some bursts."""

    def idle() -> None:
        if GPU:
            torch.cuda.synchronize()

    for _ in range(WARM_UP):
        action()
    taken = []
    for _ in range(BURSTS):
        idle()
        started = time.perf_counter()
        for _ in range(BURST if GPU else 1):
            action()
        idle()
        taken.append((time.perf_counter() - started) / (BURST if GPU else 1))
    return 1000 * statistics.median(taken)


def measured(attend: Attend, heads: int, channels: int, rate: float, backward: bool) -> dict[str, float | str]:
    """Milliseconds forward, backward and both, the TFLOP/s they are, and how far from the formula; or why it fails."""
    work = 4 * CELLS * GENES * GENES * heads * channels / 1e9  # of the forward pass; over milliseconds it is TFLOP/s
    result: dict[str, float | str] = {}
    try:
        result["error"] = error(attend, heads, channels, rate, backward)
        tensors = inputs(heads, channels, gradient=backward)
        with torch.no_grad():
            result["forward_ms"] = taken = milliseconds(lambda: attend(*tensors, rate))
        result["forward_tflops"] = work / taken
        if backward:
            output = attend(*tensors, rate)
            upstream = torch.randn_like(output)
            result["backward_ms"] = taken = milliseconds(
                lambda: torch.autograd.grad(output, tensors, upstream, retain_graph=True)
            )
            result["backward_tflops"] = 2 * work / taken
            del output
            if GPU:
                torch.cuda.reset_peak_memory_stats()
            result["both_ms"] = milliseconds(lambda: torch.autograd.grad(attend(*tensors, rate), tensors, upstream))
        if GPU:
            result["peak_gb"] = torch.cuda.max_memory_allocated() / 2**30
    except Exception as reason:  # whatever a kernel does not do on a device
        said = str(reason).strip().splitlines() or [""]
        result["fails"] = f"{type(reason).__name__}: {said[-1]}"[:200]
    if GPU:
        torch.cuda.empty_cache()
    return {name: float(f"{value:.4g}") if isinstance(value, float) else value for name, value in result.items()}


def profile(path: Path) -> None:
    """A table of the kernels of one pass, forward and backward, as torch chooses; beside the report."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiler

    tensors = inputs(*SHAPES["8 heads of 32"])
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if GPU else [])]
    with profiler(activities=activities) as seen:
        for _ in range(3):
            as_torch_chooses(*tensors, 0.1).sum().backward()
    column = "self_cuda_time_total" if GPU else "self_cpu_time_total"
    path.write_text(seen.key_averages().table(sort_by=column, row_limit=25), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("report", nargs="?", type=Path, help="a JSON file; the profiler's table lies beside it as .txt")
    report = parser.parse_args().report
    device = torch.cuda.get_device_name() if GPU else "CPU"
    sizes = {"cells": CELLS, "genes": GENES, "precision": str(PRECISION).removeprefix("torch.")}
    found: dict = {"device": device, "torch": torch.__version__, **sizes, "measured": {}}
    for shape, (heads, channels) in SHAPES.items():
        for rate in RATES:
            for name, attend in variants(rate).items():
                backward = GPU or not name.startswith("flex")
                result = measured(attend, heads, channels, rate, backward)
                found["measured"].setdefault(f"{shape}, dropout {rate}", {})[name] = result
                print(f"{shape}, dropout {rate}, {name}: {result}", flush=True)
                if report:
                    report.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if report:
        profile(report.with_suffix(".txt"))


if __name__ == "__main__":
    sys.exit(main())
