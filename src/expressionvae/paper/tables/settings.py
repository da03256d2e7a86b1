"""Tables 2 and 3: the settings of both stages, read from the merged config, beside the paper's."""

from collections.abc import Mapping
from math import prod
from typing import Any

import pandas as pd

from expressionvae.catalogue.priors import FSQ, GAUSSIAN, PRIORS
from expressionvae.config import value_at
from expressionvae.writing.formatting import printed_as

Config = Mapping[str, Any]

# What the code does whatever the config says: no key stands behind it (expressionvae.vae.model, nn.dit, training).
_IN_CODE = {
    "table2": {
        "Encoder / decoder": "Cross-attention transformer",
        "Gene input embedding": "MLP over log1p count x learned gene-identity embedding",
        "Optimiser": "AdamW",
        "Schedule": "Cosine",
    },
    "table3": {
        "Backbone": "DiT (Diffusion Transformer)",
        "Conditioning": "adaLN-Zero on perturbation + cell-type embedding",
        "Optimiser": "AdamW",
        "Schedule": "Cosine",
        "MDLM: masking schedule": "absorbing, alpha_t = 1 - t",
    },
}
# The paper's row: the key of the config. `{fsq}` and so on are the main entry of that kind.
_IN_CONFIG = {
    "table2": {
        "Latent sequence length L": "bottlenecks.{fsq}.tokens",
        "FSQ codebook size K": "bottlenecks.{fsq}.levels",
        "Learning rate": "vae.training.learning_rate",
        "Warm-up steps": "vae.training.warmup",
        "Training iterations": "vae.training.iterations",
        "Batch size": "vae.training.batch_size",
        "Gaussian-latent variant: per-token latent dim": "bottlenecks.{gaussian}.channels",
        "Gaussian-latent variant: beta_KL": "bottlenecks.{gaussian}.beta",
    },
    "table3": {
        "Model dimension d_model": "prior.model.width",
        "Attention heads": "prior.model.heads",
        "Layers": "prior.model.layers",
        "Feed-forward dimension": "prior.model.feedforward",
        "Learning rate": "prior.training.learning_rate",
        "Warm-up steps": "prior.training.warmup",
        "Gradient clipping (max-norm)": "prior.training.clip",
        "Training iterations": "prior.training.iterations",
        "Batch size": "prior.training.batch_size",
        "MDLM: t_eps": "priors.{mdlm}.t_eps",
        "MDLM: inference denoising steps": "priors.{mdlm}.steps",
    },
}
# Everything else under these keys is listed after the paper's rows.
_WHOLE = {
    "table2": (
        "bottlenecks.{fsq}",
        "bottlenecks.{gaussian}",
        "heads",
        "bins",
        "vae.model",
        "vae.training",
        "validation",
    ),
    "table3": (*(f"priors.{{{kind}}}" for kind in PRIORS), "prior.model", "prior.training", "validation"),
}
_KINDS = dict.fromkeys((FSQ, GAUSSIAN), "bottlenecks") | dict.fromkeys(PRIORS, "priors")


def settings(item: str, config: Config, printed: pd.DataFrame) -> pd.DataFrame:
    """Rows setting, value, paper, same ("yes", "no", or "" where the paper is silent), key.

    First the paper's rows in its order, then what else the config says about this stage.
    """
    paths = {setting: _resolve(path, config) for setting, path in _IN_CONFIG[item].items()}
    theirs = dict(printed.loc[printed["item"] == item, ["setting", "value"]].itertuples(index=False, name=None))
    rows = []
    for setting in dict.fromkeys([*theirs, *_IN_CODE[item], *paths]):
        path = "code" if setting in _IN_CODE[item] else paths.get(setting) or ""
        value = _IN_CODE[item].get(setting) or (_value(config, path) if path else "none")
        paper = theirs.get(setting, "")
        rows.append((setting, value, paper, _same(value, paper) if paper else "", path))
    for path in _leaves(item, config):
        if path not in paths.values() or path.endswith(".levels"):  # K alone does not say which levels
            rows.append((path, printed_as(value_at(config, path)), "", "", path))
    return pd.DataFrame(rows, columns=["setting", "value", "paper", "same", "key"])


def _same(value: str, paper: str) -> str:
    """Whether two printed values are one number or one text."""
    try:
        equal = float(value.replace(",", "")) == float(paper.replace(",", ""))
    except ValueError:
        equal = value == paper
    return "yes" if equal else "no"


def _resolve(path: str, config: Config) -> str | None:
    """`path` with the name of the main entry of its kind: the one called as its kind, or else the first of it."""
    for kind, section in _KINDS.items():
        if f"{{{kind}}}" in path:
            names = [name for name, entry in config[section].items() if entry.get("kind") == kind]
            return path.replace(f"{{{kind}}}", kind if kind in names else names[0]) if names else None
    return path


def _leaves(item: str, config: Config) -> list[str]:
    found: list[str] = []
    for start in _WHOLE[item]:
        path = _resolve(start, config)
        stack = [path] if path else []
        while stack:
            place = stack.pop(0)
            value = value_at(config, place)
            if isinstance(value, Mapping):
                stack = [f"{place}.{key}" for key in value if key != "kind"] + stack
            else:
                found.append(place)
    return found


def _value(config: Config, path: str) -> str:
    value = value_at(config, path)
    return f"{prod(value):,}" if path.endswith(".levels") else printed_as(value)
