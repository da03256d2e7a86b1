"""One small file of every kind that is written here and read again, with its reader."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import polars as pl
import torch
import yaml
from scipy.sparse import csr_matrix

from expressionvae.data import download_list, downloads, parse1m, prepared, reversion_screen, screen_labels, sealed
from expressionvae.data.bins import Bins
from expressionvae.evaluation import cell_types, predictions, query, truth
from expressionvae.files import RESTORE, digest, reading
from expressionvae.metrics import de, recovery
from expressionvae.nn import store
from expressionvae.paper import published, scores
from expressionvae.paper.claims import sources
from expressionvae.paper.figures import figure3_data, richness
from expressionvae.paper.tables import settings_table
from expressionvae.priors import build as priors
from expressionvae.proteins import embedded, perturbations, symbols
from expressionvae.run import costs, losses, quality, report_page, resources
from expressionvae.training import latents
from expressionvae.vae import build as vaes
from tests.conftest import REPOSITORY
from tests.paper import samples
from tests.priors.test_build import KINDS, SIZE
from tests.training import shared

GENES = [f"G{i}" for i in range(8)]
CPU = torch.device("cpu")
RUN = samples.model("d", "ar", "mse", 0)


@dataclass(frozen=True)
class Ours:
    """A file, and what reads it."""

    path: Path
    read: Callable[[Path], Any]


def a_screen(cells: int = 30) -> ad.AnnData:
    """Cells of two types, three perturbations and the control."""
    counts = np.random.default_rng(0).poisson(2.0, (cells, len(GENES))).astype(np.int32)
    labels = [["ctrl", "A", "B"][i % 3] for i in range(cells)]
    obs = pd.DataFrame({"cell_type": ["T", "U"] * (cells // 2), "perturbation": labels}).astype("category")
    obs.index = [f"c{i}" for i in range(cells)]
    obs["library_size"] = obs["median_library"] = counts.sum(axis=1).astype(np.float32) + 1
    about = {"name": "s", "control": "ctrl", "heldout_cell_types": ["T"], "embedding": "learned"}
    return ad.AnnData(csr_matrix(counts), obs, pd.DataFrame(index=GENES), uns={"screen": about})


def write(folder: Path) -> dict[str, Ours]:
    """Write one of each."""
    made: dict[str, Ours] = {}

    def add(name: str, read: Callable[[Path], Any]) -> Path:
        made[name] = Ours(folder / name, read)
        return folder / name

    screen = a_screen()
    sealed.write(add("train.h5ad", prepared.read), screen, compression="gzip")
    read_train = partial(prepared.whole, what="the training cells")
    sealed.write(add("train-whole.h5ad", read_train), screen, compression="gzip")
    sealed.write(add("labels.h5ad", lambda path: screen_labels.read_labels(path, path)), screen)
    sealed.write(add("truth.h5ad", truth.read_truth), screen, compression="gzip")
    asked = truth.query(screen)
    asked.to_csv(add("query.csv", query.read_query), index=False)
    values = np.asarray(screen.X.toarray(), np.float32)
    read_predicted = partial(predictions.read_predicted, truth=screen)
    predictions.write(add("cells.h5ad", read_predicted), values, asked, GENES, {"seed": 0})
    judges = cell_types.fit(screen, screen, rescale_to=1e4, cells_per_type=9, inverse_penalty=0.1, seed=0)
    cell_types.save(judges, add("cell_types.npz", partial(cell_types.read, truth=screen)))
    about = {"treated": np.array(["t"], object), "positives": np.array(["A"], object), "control": "ctrl"}
    sliced = screen.copy()
    sliced.obs = sliced.obs.rename(columns={"perturbation": "target", "cell_type": "condition"})
    sliced.uns = {"reversion": about | {"min_cells": 3}}
    sealed.write(add("reversion.h5ad", reversion_screen.read), sliced)

    Bins((0, 1, 2), (0.0, 1.0, 2.5), (9, 8, 7)).save(add("bins.json", Bins.load))
    vectors = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    table = perturbations.Perturbations(["A", "B", "ctrl"], vectors, ["B"])
    table.save(add("perturbations.npz", perturbations.Perturbations.load))
    embedded.Proteins(["A", "B", "C"], vectors, [5, 6, 7], []).save(add("proteins.npz", embedded.read_proteins))
    coded, gaussian = shared.latents(gaussian=False), shared.latents(gaussian=True)
    coded.save(add("latents.npz", latents.Latents.load))
    gaussian.save(add("latents-gaussian.npz", latents.Latents.load))
    for name, like in (("codes", coded), ("means", gaussian)):
        sampled = partial(latents.read_sampled, cells=60, like=like)
        latents.save_sampled(add(f"sampled-{name}.npz", sampled), like.values)
    arrays = {"cell_types": np.array(["T", "U"]), "perturbations": np.array(["A", "B"]), "genes": np.array(GENES)}
    effects = partial(recovery.true_effects, cell_type="T", rescale_to=1e4)
    shift = np.zeros((2, 2, 8), np.float32)
    np.savez_compressed(add("effects.npz", effects), **arrays, log_fold_change=shift, baseline=np.ones((2, 8)))

    torch.manual_seed(0)
    blueprint = shared.vae("nb")
    store.save(add("vae.pt", partial(vaes.load, device=CPU)), vaes.build(blueprint), blueprint, {})
    plan = priors.Blueprint(["a", "ctrl"], ["T", "B"], "ctrl", 2, 5, 8, 0, SIZE, KINDS["ar"])
    prior = priors.build(plan, torch.zeros(2, 2), torch.ones(0), torch.ones(0))
    store.save(add("prior.pt", partial(priors.load, device=CPU)), prior, plan, {})

    tested = {"target": ["A"] * 4 + ["B"] * 4, "feature": GENES[:4] * 2, "mean": [1.0] * 8, "control_mean": [2.0] * 8}
    tested |= {
        "log2_fold_change": np.linspace(-1, 1, 8),
        "p_value": np.linspace(0, 1, 8),
        "fdr": np.linspace(0.1, 1, 8),
    }
    de.write_de(pl.DataFrame(tested), add("truth_de.parquet", de.read_de))

    steps = [{"step": i, "split": s, "loss": 1 / i, "lr": 0.1} for i in (5, 10) for s in ("train", "validation")]
    pd.DataFrame(steps).to_csv(add("losses.csv", losses.read), index=False)
    long = samples.made_up(folder, [RUN])
    both = [folder / "0.distribution.csv", folder / "0.effects.csv"]
    add("0.distribution.csv", lambda path: scores.collect([RUN], [(path, both[1])]))
    add("0.effects.csv", lambda path: scores.collect([RUN], [(both[0], path)]))
    long.to_csv(add("table1.scores.csv", scores.read), index=False)
    rich = "metric,value,n_cells,n_draws\nspread,0.5,8,2\nentropy,0.25,8,2\nzero_fraction,0.75,8,2\n"
    add("richness.csv", lambda path: richness.collect([RUN], [path], "spread")).write_text(rich)
    numbers = dict.fromkeys(["value", "low", "high", "random_low", "random_high", "p_value"], 0.5)
    numbers |= dict.fromkeys(["positives", "targets", "cells"], 6)
    rows = [{"embedding": e, "metric": m, **numbers} for e in ("trained", "untrained") for m in figure3_data.METRICS]
    of_screen = [{"screen": "s", "dataset": "d"}]
    add("reversion.csv", lambda path: figure3_data.collect(of_screen, [path]))
    pd.DataFrame(rows).to_csv(folder / "reversion.csv", index=False)
    whose = {"dataset": "d", "bottleneck": "fsq", "head": "nb", "screen": "s"}
    pd.DataFrame(rows).assign(**whose, published=0.5).to_csv(add("figure3.csv", sources._read_reversion), index=False)
    add("bin_coverage.json", sources._share).write_text('{"share": 0.5, "n": 4, "last_lower_edge": 9}\n')
    levels = pd.DataFrame({"cell_type": ["T"], "group": ["all"], "from": [1.0], "to": [10.0], "cells": [30]})
    levels.to_csv(add("libraries.csv", partial(quality.read, "libraries")), index=False)
    parse1m.Found("full", "", None).save(add("counts_in.yaml", parse1m.Found.load))
    add("page.md", lambda path: report_page.from_file(path, "x")).write_text("| a |\n| - |\n| 1 |\n")

    data = folder / "data.bin"
    data.write_bytes(b"data")
    record = {"path": str(data), "bytes": 4, "mtime_ns": data.stat().st_mtime_ns, "md5": digest(data, "md5")}
    add("record.yaml", downloads.located).write_text(yaml.safe_dump(record))
    seen = {"sha256": "0" * 64, "bytes": 4}
    add("data.bin.origin.yaml", lambda path: downloads._pinned(data)).write_text(yaml.safe_dump(seen))
    add("downloads.yaml", download_list.read_downloads)
    add("costs.yaml", read_costs)
    add("table1.csv", published.load)
    add("table2.csv", settings_table.load)
    add("symbols.tsv", symbols.read_symbol_map)
    parts = {"downloads.yaml": ".", "costs.yaml": ".", "symbols.tsv": ".", "table1.csv": "published"}
    for name, where in (parts | {"table2.csv": "published/settings"}).items():
        (folder / name).write_bytes((REPOSITORY / "resources" / where / name).read_bytes())
    measured = folder / "benchmarks"
    measured.mkdir()
    made["score.tsv"] = Ours(measured / "score.tsv", lambda path: resources.read(path.parent))
    (measured / "score.tsv").write_text("s\th:m:s\tmax_rss\tmean_load\n1.0\t0:00:01\t5.0\t90.0\n")
    return made


def read_costs(path: Path) -> dict[str, Any]:
    """As the rule `plan` does."""
    with reading(path, "measured costs", RESTORE):
        found = costs.Costs({}, yaml.safe_load(path.read_text(encoding="utf-8")), "h100")
    return asdict(found)
