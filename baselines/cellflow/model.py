"""CellFlow through its public interface: principal components of cells, moved by a flow from control to perturbed."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import anndata as ad
import jax
import numpy as np
import optax
import pandas as pd
from cellflow.model import CellFlow
from cellflow.training import ComputationCallback
from cellflow.utils import match_linear
from contract import Mistake, Progress, require

KNOWN = ("vectors", "identity")
Vectors = Mapping[str, np.ndarray]  # label -> vector


@dataclass(frozen=True)
class Options:
    """Meaning and source of each: about.yaml."""

    steps: int
    batch_size: int
    lr: float
    accumulate: int
    components: int
    noise: float
    epsilon: float
    condition: int
    condition_dropout: float
    perturbation_width: int
    perturbation_dropout: float
    context_width: int
    time_width: int
    hidden: int
    decoder: int
    perturbation_embedding: str
    target_sum: float

    def __post_init__(self) -> None:
        widths = ("condition", "perturbation_width", "context_width", "time_width", "hidden", "decoder")
        require(self, steps=(3, 1e9), batch_size=(2, 1e6), lr=(0, 1), accumulate=(1, 1e6), components=(1, 1e4))
        require(self, noise=(0, 1e3), epsilon=(1e-6, 1e6), target_sum=(1, 1e9), **dict.fromkeys(widths, (1, 65_536)))
        require(self, condition_dropout=(0, 0.99), perturbation_dropout=(0, 0.99))
        if self.perturbation_embedding not in KNOWN:
            raise ValueError(
                f"option 'perturbation_embedding' is {self.perturbation_embedding!r}, expected {' or '.join(KNOWN)}"
            )


def settle(threads: int, device: str) -> None:
    """Before jax computes anything; Mistake if the device is not there."""
    jax.config.update("jax_platforms", device)
    if threads == 1:
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    try:
        jax.devices()
    except RuntimeError as error:
        raise Mistake(f"--device {device}: this environment's jax has none") from error


def one_hot(names: list[str]) -> dict[str, np.ndarray]:
    return dict(zip(names, np.eye(len(names), dtype=np.float32), strict=True))


def population(
    cells: np.ndarray, cell_type: Any, label: Any, is_control: Any, perturbations: Vectors, cell_types: Vectors
) -> ad.AnnData:
    """Cells [cell, component] as CellFlow has them, with what is known of their labels."""
    obs = pd.DataFrame({"cell_type": cell_type, "perturbation": label, "is_control": is_control}, index=names(cells))
    obs = obs.astype({"cell_type": "category", "perturbation": "category"})
    uns = {"perturbations": dict(perturbations), "cell_types": dict(cell_types)}
    return ad.AnnData(obs=obs, obsm={"X_pca": cells}, uns=uns)


def names(cells: np.ndarray) -> list[str]:
    return [f"c{i}" for i in range(len(cells))]


def prepared(cells: ad.AnnData, options: Options, seed: int) -> CellFlow:
    """The untrained model; each control cell may become any perturbed one of its cell type."""
    flow = CellFlow(cells, solver="otfm")
    flow.prepare_data(
        sample_rep="X_pca",
        control_key="is_control",
        perturbation_covariates={"perturbation": ("perturbation",)},
        perturbation_covariate_reps={"perturbation": "perturbations"},
        sample_covariates=["cell_type"],
        sample_covariate_reps={"cell_type": "cell_types"},
        split_covariates=["cell_type"],
        max_combination_length=1,
    )
    flow.prepare_model(
        pooling="attention_token",
        layers_before_pool={
            "perturbation": _layers(options.perturbation_width, options.perturbation_dropout),
            "cell_type": _layers(options.context_width),
        },
        layers_after_pool=_layers(options.perturbation_width),
        condition_embedding_dim=options.condition,
        cond_output_dropout=options.condition_dropout,
        time_encoder_dims=[options.time_width] * 3,
        hidden_dims=[options.hidden] * 3,
        conditioning_kwargs={},
        decoder_dims=[options.decoder] * 3,
        probability_path={"constant_noise": options.noise},
        match_fn=partial(match_linear, epsilon=options.epsilon),
        optimizer=optax.MultiSteps(optax.adam(options.lr), options.accumulate),
        seed=seed,
    )
    return flow


def _layers(width: int, dropout: float = 0.0) -> dict[str, Any]:
    return {"layer_type": "mlp", "dims": [width, width], "dropout_rate": dropout}


class Told(ComputationCallback):
    """Progress, and an end where the loss is no number."""

    def __init__(self, flow: CellFlow, steps: int):
        self.flow, self.told, self.progress = flow, 0, Progress("cellflow", steps)

    def on_train_begin(self) -> None:
        self.progress.last = -math.inf  # so that the first losses are told of

    def on_log_iteration(self, *_: Any) -> dict[str, float]:
        losses = self.flow.trainer.training_logs["loss"]
        if not math.isfinite(losses[-1]):
            raise Mistake(f"cellflow: the loss is {losses[-1]} at step {len(losses)}: the training has diverged")
        if len(losses) > self.told:
            self.progress(len(losses), float(np.mean(losses[-100:])))
        self.told = len(losses)
        return {}

    on_train_end = on_log_iteration
