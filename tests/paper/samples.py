"""Made-up scores, small enough to follow by hand."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from expressionvae.paper.scores import COLUMNS as SCORES
from expressionvae.paper.scores import RUN, SEEDS, collect, expected_rows

NINE = ["w2", "mmd2", "fd", "pds", "pr_auc", "spearman_sig", "spearman_lfc", "overlap_at_n", "pearson_delta"]
DECODERS = ["ce-quant", "nb-sample", "hurdle", "mse", "nb-deter"]


def model(dataset: str, prior: str, decoder: str, seed: int, bottleneck: str = "fsq") -> dict:
    return {
        "dataset": dataset, "bottleneck": bottleneck, "head": "nb", "prior": prior, "predict": "sample",
        "decoder": decoder, "vae_seed": 0, "prior_seed": 0, "sample_seed": seed,
    }  # fmt: skip


def baseline(dataset: str, name: str, seed: int = 0) -> dict:
    return {"dataset": dataset, "baseline": name, "sample_seed": seed}


def drawn_by_name() -> Callable[[dict, str], float]:
    """Numbers of each metric from a stream of its own, so that another metric changes those of none."""
    streams: dict[str, np.random.Generator] = {}

    def draw(run: dict, metric: str) -> float:
        stream = streams.setdefault(metric, np.random.default_rng([*metric.encode()]))
        return float(stream.uniform(0.1, 0.9))

    return draw


def made_up(folder, runs: Sequence[dict], values=None) -> pd.DataFrame:
    """Scores of `runs`, through files and `collect`; `values(run, metric)`: NaN means undefined."""
    values = values or drawn_by_name()
    pairs = []
    for i, run in enumerate(runs):
        pair = (folder / f"{i}.distribution.csv", folder / f"{i}.effects.csv")
        rows = [[(*key, values(run, key[0])) for key in keys] for keys in expected_rows(run.get("baseline", ""))]
        spread = [(m, v, x, 500 >> (v == "half"), 400 >> (v == "half")) for m, v, x in rows[0]]
        pd.DataFrame(spread, columns=["metric", "variant", "value", "n_true", "n_pred"]).to_csv(pair[0], index=False)
        effects = [(m, v, x, 0 if np.isnan(x) else 7, 7) for m, v, x in rows[1]]
        pd.DataFrame(effects, columns=["metric", "variant", "value", "n_valid", "n_total"]).to_csv(pair[1], index=False)
        pairs.append(pair)
    return collect(runs, pairs)


# The config's entries that the paper's Table 4 is made of.
BOTTLENECKS = {
    "fsq-128-1024": {"kind": "fsq", "tokens": 128, "levels": [8, 8, 4, 4]},
    "fsq-128": {"kind": "fsq", "tokens": 128, "levels": [8, 8, 8]},
    "fsq-1024": {"kind": "fsq", "tokens": 64, "levels": [8, 8, 4, 4]},
    "fsq": {"kind": "fsq", "tokens": 64, "levels": [8, 8, 8]},
    "gaussian": {"kind": "gaussian", "tokens": 64, "channels": 8},
}
PRIORS = {
    "ar": {"kind": "ar"},
    "mdlm": {"kind": "mdlm", "steps": 128},
    "mdlm-1": {"weights": "mdlm", "steps": 1},
    "mdlm-32": {"weights": "mdlm", "steps": 32},
    "flow": {"kind": "flow", "steps": 32},
}


def paper_grid(item: str, seeds: Sequence[int] = (0, 1)) -> list[dict]:
    """The runs behind one of the paper's Tables 4-9, and the nb-sample that ours adds."""
    if item == "table4":
        cells = [(b, p, "mse") for b in BOTTLENECKS if b != "gaussian" for p in ("ar", "mdlm")]
        cells += [("fsq", "ar", "nb-deter"), ("fsq", "mdlm", "nb-deter"), ("gaussian", "flow", "mse")]
    else:
        priors = (("fsq", "ar"), ("gaussian", "flow"), ("fsq", "mdlm"))
        cells = [(*prior, decoder) for prior in priors for decoder in DECODERS]
    of = {"table5": ["parse1m"], "table7": ["parse1m"], "table9": ["parse1m", "replogle"]}
    datasets = of.get(item, ["replogle"])
    return [model(d, p, decoder, seed, b) for d in datasets for b, p, decoder in cells for seed in seeds]


def long_table(runs: Sequence[dict], metrics: Sequence[str], value=None) -> pd.DataFrame:
    """Scores as `collect` returns them, without files; `value(run, metric)`, or all numbers different."""
    value = value or drawn_by_name()
    rows = [
        {key: run.get(key) or "" for key in RUN}
        | {key: run.get(key) for key in SEEDS}
        | {"metric": metric, "variant": "paper", "value": value(run, metric), "n": 500}
        for run in runs
        for metric in metrics
    ]
    return pd.DataFrame(rows, columns=SCORES)
