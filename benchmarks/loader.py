"""Does training wait for its data?  `python benchmarks/loader.py step` and `python benchmarks/loader.py memory FOLDER`.

step: a training step of stage 1 with the loader against one on a fixed batch, by turns, as a ratio. On a GPU at the
paper's size, with the cells kept on the device, and copied from the host. Needs what benchmarks/gpu.py needs.
memory: makes a training file of 1,000,000 cells x 2,000 genes, a fifth of them counts (kept in FOLDER and used again),
and prints for a process that reads it the seconds, its peak memory (RSS), and the milliseconds of a batch.
"""

import json
import resource
import statistics
import subprocess
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

from expressionvae.data.cells import Cells  # noqa: E402
from expressionvae.data.compact import Compact  # noqa: E402
from expressionvae.data.validation import Validation, random_split, split  # noqa: E402
from expressionvae.training import batches, loop  # noqa: E402
from expressionvae.training.checkpoints import Checkpoints  # noqa: E402
from expressionvae.training.device import compile_for  # noqa: E402
from expressionvae.training.schedule import Order, Schedule  # noqa: E402
from expressionvae.vae.build import Blueprint, build  # noqa: E402

DRAWN, DENSITY = 4000, 0.2  # cells really drawn; the others of the file are their copies in another order


def config(*overlays: str) -> dict:
    """config.yaml with overlays, as Snakemake merges them."""

    def merge(under: dict, over: dict) -> dict:
        both = {key: merge(under[key], value) for key, value in over.items() if isinstance(under.get(key), dict)}
        return under | over | both

    merged = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    for name in overlays:
        merged = merge(merged, yaml.safe_load((ROOT / "config" / name).read_text()))
    return merged


def drawn(cells: int, genes: int) -> sparse.csr_matrix:
    """Counts of which about a fifth are not 0, some beyond a byte."""
    random = np.random.default_rng(0)
    share = random.lognormal(0, 2.0, genes)
    low, high = 1.0, 1e7  # the library at which so many genes are seen
    for _ in range(50):
        middle = (low * high) ** 0.5
        seen = (1 - np.exp(-middle * share / share.sum())).mean()
        low, high = (middle, high) if seen < DENSITY else (low, middle)
    return sparse.csr_matrix(random.poisson(low * share / share.sum(), (cells, genes)).astype(np.int32))


def made_up_cells(cells: int, genes: int) -> Cells:
    counts = drawn(cells, genes)
    library = np.asarray(counts.sum(1), np.float32).ravel()
    return Cells(
        Compact.of(counts),
        library / np.median(library),
        ["p"] * cells,
        ["A"] * cells,
        [f"g{i}" for i in range(genes)],
        "c",
    )


def trainer(settings: dict, cells: Cells, device: torch.device, get: Callable) -> loop.Trainer:
    lower = settings["bins"]["lower"]
    blueprint = Blueprint(
        genes=cells.genes,
        bins={"lower": lower, "means": [float(value) for value in lower]},
        size=settings["vae"]["model"],
        bottleneck=settings["bottlenecks"]["fsq"],
        head="nb",
        head_options=settings["heads"]["nb"],
    )
    torch.manual_seed(0)
    model = build(blueprint).to(device)
    compile_for(device, settings["vae"]["training"]["compile"], model.encoder, model.decoder)

    def losses(model: torch.nn.Module, indices: torch.Tensor) -> dict:
        loss, penalty = model(*get(indices))
        return {"loss": loss + penalty}

    schedule, parts = Schedule(**settings["vae"]["training"]), random_split(len(cells), 0.01, 0)
    kept = Checkpoints(Path(tempfile.gettempdir()), "none")
    made = loop.Trainer(model, losses, parts, schedule, seed=0, device=device, checkpoints=kept, operations=0.0)
    model.train()
    return made


def by_turns(
    actions: dict[str, Callable[[], object]], turns: int, burst: int, device: torch.device
) -> dict[str, float]:
    """Median seconds of one call of each action, the order turned round at every turn."""
    taken = {name: [] for name in actions}
    for turn in range(-2, turns):  # two to warm up
        for name in list(actions) if turn % 2 else reversed(actions):
            if device.type == "cuda":
                torch.cuda.synchronize()
            started = time.perf_counter()
            for _ in range(burst):
                actions[name]()
            if device.type == "cuda":
                torch.cuda.synchronize()
            if turn >= 0:
                taken[name].append((time.perf_counter() - started) / burst)
    return {name: statistics.median(times) for name, times in taken.items()}


def steps(settings: dict, genes: int, device: torch.device, turns: int, burst: int) -> dict[str, float]:
    cells = made_up_cells(20_000, genes)
    size, share = settings["vae"]["training"]["batch_size"], batches.SHARE
    ways: dict[str, Callable] = {}
    if device.type == "cuda":
        ways["cells on the device"] = batches.CellBatches(cells, device)
        batches.SHARE = 0.0
    ways["cells on the host"] = batches.CellBatches(cells, device)
    batches.SHARE = share
    kept = ways["cells on the host"](torch.arange(size))
    ways["fixed batch"] = lambda indices: kept
    return by_turns(
        {name: trainer(settings, cells, device, get)._advance for name, get in ways.items()}, turns, burst, device
    )


def step() -> None:
    gpu = torch.cuda.is_available()
    device = torch.device("cuda" if gpu else "cpu")
    demo = config("demo.yaml")
    cases = [("paper's size", config(), 2000, 5, 12)] if gpu else []
    cases += [("demo's model, 100 genes", demo, 100, 300 if not gpu else 20, 1 if not gpu else 20)]
    cases += [("demo's model, 2,000 genes", demo, 2000, 15 if not gpu else 20, 1 if not gpu else 20)]
    if not gpu:
        torch.set_num_threads(1)
    print(f"{torch.cuda.get_device_name() if gpu else 'CPU, one thread'}, torch {torch.__version__}\n")
    print("| training step of stage 1 | data | ms | against a fixed batch |\n|---|---|--:|--:|")
    for name, settings, genes, turns, burst in cases:
        times = steps(settings, genes, device, turns, burst)
        for way, seconds in times.items():
            print(f"| {name} | {way} | {1000 * seconds:.2f} | {seconds / times['fixed batch']:.3f} |", flush=True)


def make_file(path: Path, cells: int, genes: int) -> None:
    import pandas as pd

    from expressionvae.data.streaming import Writer
    from expressionvae.files import written

    some, random = drawn(DRAWN, genes), np.random.default_rng(1)
    some.data[0] = 1000  # as in real screens, a count that a byte does not hold
    with written(path) as temporary:
        writer = Writer(temporary, genes)
        for _ in range(cells // DRAWN):
            writer.append(sparse.csr_matrix(some[random.permutation(DRAWN)]))
        obs = pd.DataFrame({"cell_type": pd.Categorical(random.choice(list("AB"), cells))})
        obs["perturbation"] = pd.Categorical(random.choice([f"p{i}" for i in range(91)], cells))
        obs["library_size"] = obs["median_library"] = np.ones(cells, np.float32)
        obs.index = [f"cell-{i}" for i in range(cells)]
        writer.finish(obs, [f"g{i}" for i in range(genes)], {"screen": {"control": "p0", "heldout_cell_types": ["B"]}})


def rss() -> dict[str, float]:
    """Memory now in GB: of the process's own, and of files that it has mapped (which the system takes back at need)."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {key: int(lines[key].split()[0]) / 1e6 for key in ("RssAnon", "RssFile")}


def in_child(path: str, most_bytes: str) -> None:
    from expressionvae.data.prepared import read  # needs more packages than a GPU machine may have

    started = time.perf_counter()
    cells = read(path, int(most_bytes))
    result = {"read_s": time.perf_counter() - started}
    validation = Validation(0.05, 0.01, 0)
    about = {"heldout_cell_types": cells.heldout_cell_types, "control": cells.control}
    training, _ = split(cells.cell_type, cells.perturbation, **about, validation=validation)
    cells.checksum()
    cells.panel_library()
    order, batch = Order(training, 128, 0), batches.CellBatches(cells, torch.device("cpu"))
    taken = []
    for number in range(2000):
        started = time.perf_counter()
        batch(order.batch(number))
        taken.append(time.perf_counter() - started)
    result |= {"batch_ms": 1000 * statistics.median(taken), "values": len(cells.counts.data) / 1e6} | rss()
    result["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps(result))


def memory(folder: str) -> None:
    path = Path(folder) / "train.h5ad"
    if not path.exists():
        make_file(path, 1_000_000, 2000)
    print(f"{path.stat().st_size / 1e9:.1f} GB on disk\n")
    print("| counts | million values | read | a batch of 128 | own memory | mapped files | peak RSS |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for name, most in (("in memory", 10**12), ("memory-mapped", 0)):
        run = subprocess.run(
            [sys.executable, __file__, "in_child", str(path), str(most)], stdout=subprocess.PIPE, check=True, text=True
        )
        r = json.loads(run.stdout.splitlines()[-1])
        print(
            f"| {name} | {r['values']:.0f} | {r['read_s']:.0f} s | {r['batch_ms']:.2f} ms | {r['RssAnon']:.2f} GB "
            f"| {r['RssFile']:.2f} GB | {r['peak']:.2f} GB |",
            flush=True,
        )


if __name__ == "__main__":
    {"step": step, "memory": memory, "in_child": in_child}[sys.argv[1]](*sys.argv[2:])
