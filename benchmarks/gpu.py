"""Speed and memory at the paper's sizes on a GPU: `python benchmarks/gpu.py [report.json]`.

Needs torch, numpy, pandas, scipy and PyYAML only; reads config/config.yaml. Seconds are medians on the named device;
what a step is compared with runs by turns with it. `snakemake plan` estimates from the table that these numbers fill.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import yaml
from scipy import sparse

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from expressionvae import grid  # noqa: E402
from expressionvae.data.cells import Cells  # noqa: E402
from expressionvae.data.compact import Compact  # noqa: E402
from expressionvae.data.validation import random_split  # noqa: E402
from expressionvae.priors.build import Blueprint as PriorBlueprint  # noqa: E402
from expressionvae.priors.build import build as build_prior  # noqa: E402
from expressionvae.training import loop  # noqa: E402
from expressionvae.training.batches import CellBatches  # noqa: E402
from expressionvae.training.checkpoints import Checkpoints  # noqa: E402
from expressionvae.training.device import compile_for, precision  # noqa: E402
from expressionvae.training.schedule import Schedule  # noqa: E402
from expressionvae.vae.build import Blueprint, build  # noqa: E402

GENES, CELLS, PERTURBATIONS, CELL_TYPES, EMBEDDING = 2000, 20_000, 400, 4, 2560
WARM_UP, STEPS = 6, 12


def made_up_cells() -> Cells:
    """Counts with about 80% zeros, as in the paper's screens."""
    random = np.random.default_rng(0)
    mean = random.lognormal(-2.0, 1.5, GENES)
    counts = sparse.csr_matrix(random.poisson(mean, (CELLS, GENES)).astype(np.int32))
    library = np.asarray(counts.sum(1), np.float32).ravel() * 4
    labels = [f"p{i % PERTURBATIONS}" for i in range(CELLS)]
    return Cells(
        Compact.of(counts), library / np.median(library), labels, ["A"] * CELLS, [f"g{i}" for i in range(GENES)], "p0"
    )


def timed(*actions: Callable[[], object], burst: int = STEPS, warm_up: int = WARM_UP) -> list[float]:
    """Seconds of one call of each action: the median of three bursts, by turns, the device idle before and after."""
    for action in actions:
        for _ in range(warm_up):
            action()
    taken = {action: [] for action in actions}
    for _ in range(3):
        for action in actions:
            torch.cuda.synchronize()
            started = time.perf_counter()
            for _ in range(burst):
                action()
            torch.cuda.synchronize()
            taken[action].append((time.perf_counter() - started) / burst)
    return [statistics.median(times) for times in taken.values()]


def trainer(model: torch.nn.Module, losses: loop.Losses, cells: int, settings: dict) -> loop.Trainer:
    schedule = Schedule(**settings)
    folder = Path(tempfile.mkdtemp())
    options = {"seed": 0, "device": torch.device("cuda"), "checkpoints": Checkpoints(folder, "none"), "operations": 0.0}
    made = loop.Trainer(model, losses, random_split(cells, 0.01, 0), schedule, **options)
    model.train()
    return made


def vae(config: dict, cells: Cells, bottleneck: str, head: str) -> torch.nn.Module:
    lower = config["bins"]["lower"]
    blueprint = Blueprint(
        genes=cells.genes,
        bins={"lower": lower, "means": [float(value) for value in lower]},
        size=config["vae"]["model"],
        bottleneck=config["bottlenecks"][bottleneck],
        head=head,
        head_options=config["heads"][head],
    )
    torch.manual_seed(0)
    return build(blueprint).cuda()


def stage_one(config: dict, cells: Cells, bottleneck: str, head: str, compiled: bool = True) -> dict:
    """A training step with the loader, and one on a batch that stays on the device; then encoding and decoding."""
    device = torch.device("cuda")
    model = vae(config, cells, bottleneck, head)
    if compiled:
        compile_for(device, config["vae"]["training"]["compile"], model.encoder, model.decoder)
    batch = CellBatches(cells, device)
    fixed = batch(torch.arange(config["vae"]["training"]["batch_size"]))

    def with_loader(model: torch.nn.Module, indices: torch.Tensor) -> dict:
        loss, penalty = model(*batch(indices))
        return {"loss": loss + penalty}

    def on_fixed(model: torch.nn.Module, indices: torch.Tensor) -> dict:
        loss, penalty = model(*fixed)
        return {"loss": loss + penalty}

    torch.cuda.reset_peak_memory_stats()
    loading = trainer(model, with_loader, CELLS, config["vae"]["training"])
    still = trainer(model, on_fixed, CELLS, config["vae"]["training"])
    step, fixed_step = timed(loading._advance, still._advance)
    result = {"step_s": step, "fixed_batch_step_s": fixed_step}
    result["peak_gb"] = torch.cuda.max_memory_allocated() / 2**30
    return result | inference(config, cells, vae(config, cells, bottleneck, head).eval(), head)


def inference(config: dict, cells: Cells, model: torch.nn.Module, head: str) -> dict:
    size, rule = config["batch_size"], "mean" if head == "mse" else "sample"
    batch = CellBatches(cells, torch.device("cuda"))(torch.arange(size))
    generator = torch.Generator("cuda").manual_seed(0)
    with torch.no_grad(), precision(torch.device("cuda")):
        latents = model.encode(*batch)
        encoding = timed(lambda: model.encode(*batch), burst=4, warm_up=1)[0]
        decoding = timed(lambda: model.decode(latents, batch[1], rule, generator), burst=2, warm_up=1)[0]
    return {"encode_cells_per_s": size / encoding, "decode_cells_per_s": size / decoding}


def stage_two(config: dict, name: str, compiled: bool = True) -> dict:
    options, gaussian = grid.options(config, name, sampling=False), config["bottlenecks"]["gaussian"]
    sampling = grid.options(config, name, sampling=True)
    flow, tokens = options["kind"] == "flow", gaussian["tokens"]
    codes = 0 if flow else int(np.prod(config["bottlenecks"]["fsq"]["levels"]))
    channels = gaussian["channels"] if flow else 0
    labels = [f"p{i}" for i in range(PERTURBATIONS)]
    types = [f"t{i}" for i in range(CELL_TYPES)]
    size = config["prior"]["model"]
    blueprint = PriorBlueprint(labels, types, "p0", EMBEDDING, tokens, codes, channels, size, options)
    torch.manual_seed(0)
    moments = (torch.zeros(channels), torch.ones(channels))
    model = build_prior(blueprint, torch.randn(PERTURBATIONS, EMBEDDING), *moments).cuda()
    batch_size = config["prior"]["training"]["batch_size"]
    shape = (batch_size, tokens, channels) if flow else (batch_size, tokens)
    latents = (torch.randn(shape) if flow else torch.randint(codes, shape)).cuda()
    perturbation = torch.randint(PERTURBATIONS, (batch_size,)).cuda()
    cell_type = torch.randint(CELL_TYPES, (batch_size,)).cuda()
    training = trainer(
        model, lambda model, _: {"loss": model(latents, perturbation, cell_type)}, CELLS, config["prior"]["training"]
    )
    torch.cuda.reset_peak_memory_stats()
    if compiled:
        compile_for(torch.device("cuda"), config["prior"]["training"]["compile"], model.prior.trunk)
    result = {"step_s": timed(training._advance, burst=60)[0], "peak_gb": torch.cuda.max_memory_allocated() / 2**30}
    model = build_prior(blueprint, torch.randn(PERTURBATIONS, EMBEDDING), *moments).cuda().eval()
    for size in (config["batch_size"] // 4, config["batch_size"], 4 * config["batch_size"]):
        rows = torch.randint(PERTURBATIONS, (size,)).cuda(), torch.randint(CELL_TYPES, (size,)).cuda()
        generator = torch.Generator("cuda").manual_seed(0)
        with torch.no_grad(), precision(torch.device("cuda")):
            taken = timed(lambda: model.sample(*rows, generator, **sampling), burst=1, warm_up=1)[0]  # noqa: B023
        result[f"sample_cells_per_s_batch_{size}"] = size / taken
    return result


def main(output: str | None) -> None:
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    device = torch.cuda.get_device_name()
    report: dict = {"device": device, "torch": torch.__version__, "stage1": {}, "stage2": {}}
    cells = made_up_cells()

    def note(part: str, name: str, measured: dict) -> None:
        report[part][name] = {key: float(f"{value:.4g}") for key, value in measured.items()}
        print(part, name, report[part][name], flush=True)
        torch.cuda.empty_cache()
        if output:
            Path(output).write_text(json.dumps(report, indent=1))

    for name in ("ar", "mdlm", "flow"):
        note("stage2", name, stage_two(config, name))
        note("stage2", f"{name}, not compiled", stage_two(config, name, compiled=False))
    for bottleneck, head in (("fsq", "nb"), ("fsq", "ce"), ("fsq", "hurdle"), ("fsq", "mse"), ("gaussian", "mse")):
        note("stage1", f"{bottleneck}-{head}", stage_one(config, cells, bottleneck, head))
    lean = config | {"vae": config["vae"] | {"model": config["vae"]["model"] | {"decoder_self_attention": False}}}
    note("stage1", "fsq-nb, no self-attention among genes", stage_one(lean, cells, "fsq", "nb"))
    note("stage1", "fsq-nb, not compiled", stage_one(config, cells, "fsq", "nb", compiled=False))
    for name in ("fsq-wide", "fsq-long", "fsq-long-wide"):
        note("stage1", f"{name}-mse", stage_one(config, cells, name, "mse"))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
