"""Made-up scores, small enough to follow by hand."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from expressionvae.paper.columns import COLUMNS
from expressionvae.paper.scores import collect

NINE = ["w2", "mmd2", "fd", "pds", "pr_auc", "spearman_sig", "spearman_lfc", "overlap_at_n", "pearson_delta"]
DECODERS = ["ce-quant", "nb-sample", "hurdle", "mse", "nb-deter"]


def model(dataset: str, prior: str, decoder: str, seed: int, bottleneck: str = "fsq") -> dict:
    return {
        "dataset": dataset, "bottleneck": bottleneck, "head": "nb", "prior": prior, "predict": "sample",
        "decoder": decoder, "vae_seed": 0, "prior_seed": 0, "sample_seed": seed,
    }  # fmt: skip


def baseline(dataset: str, name: str, seed: int = 0) -> dict:
    return {"dataset": dataset, "baseline": name, "sample_seed": seed}


def made_up(folder, runs: Sequence[dict], values=None) -> pd.DataFrame:
    """Scores of `runs`, through files and `collect`; `values(run, metric)`: NaN means undefined."""
    random = np.random.default_rng(0)
    values = values or (lambda run, metric: float(random.uniform(0.1, 0.9)))
    pairs = []
    for i, run in enumerate(runs):
        floor = run.get("baseline") == "true-vs-true"
        pair = (folder / f"{i}.distribution.csv", folder / f"{i}.effects.csv")
        spread = [m for m in NINE if COLUMNS[m].family == "Distribution"]
        variants = ["half"] if floor else ["paper", "half"]
        rows = [(m, v, values(run, m), 500 >> (v == "half"), 400 >> (v == "half")) for m in spread for v in variants]
        pd.DataFrame(rows, columns=["metric", "variant", "value", "n_true", "n_pred"]).to_csv(pair[0], index=False)
        effects = [(m, "ceiling" if floor else "paper", values(run, m)) for m in NINE if m not in spread]
        rows = [(m, v, x, 0 if np.isnan(x) else 7, 7) for m, v, x in effects]
        pd.DataFrame(rows, columns=["metric", "variant", "value", "n_valid", "n_total"]).to_csv(pair[1], index=False)
        pairs.append(pair)
    return collect(runs, pairs)
