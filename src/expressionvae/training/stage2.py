"""Stage 2: train a prior on the latents of the frozen VAE, sample from it (paper sections 3.2 and 3.3)."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from expressionvae.data.validation import Validation, split
from expressionvae.files import UserError
from expressionvae.operations import TRAINING, prior_operations
from expressionvae.priors.build import Blueprint, ConditionalPrior, build
from expressionvae.progress import Progress
from expressionvae.provenance import fingerprint, source
from expressionvae.resume import Pieces
from expressionvae.training.batches import TensorBatches
from expressionvae.training.device import best_device, compile_for, precision
from expressionvae.training.fit import fit
from expressionvae.training.latents import Latents, code_type, numbers
from expressionvae.training.loop import Row, Watch
from expressionvae.training.schedule import Schedule, seed_of


def blueprint_for(latents: Latents, embedding: np.ndarray, size: dict[str, Any], options: dict[str, Any]) -> Blueprint:
    """The prior that fits these latents and this perturbation embedding [perturbation width]."""
    return Blueprint(
        perturbations=latents.perturbations,
        cell_types=latents.cell_types,
        control=latents.control,
        embedding_width=embedding.shape[1],
        tokens=latents.values.shape[1],
        codes=latents.codes,
        channels=0 if latents.codes else latents.values.shape[2],
        size=size,
        options=options,
    )


def train(
    latents: Latents,
    embedding: np.ndarray,
    blueprint: Blueprint,
    schedule: Schedule,
    *,
    validation: Validation,
    seed: int,
    version: int,
    checkpoints: Path,
    watch: Watch | None = None,
) -> tuple[ConditionalPrior, list[Row]]:
    """Train a prior; return it and its loss table. Arguments as in `stage1.train`."""
    device = best_device()
    torch.manual_seed(seed)
    values = torch.from_numpy(np.asarray(latents.values, np.int32 if latents.codes else np.float32))
    cell_types = np.array(latents.cell_types, object)[latents.cell_type]
    perturbations = np.array(latents.perturbations, object)[latents.perturbation]
    about = {"heldout_cell_types": latents.heldout_cell_types, "control": latents.control}
    parts = split(cell_types, perturbations, **about, validation=validation)
    mean, std = moments(values, latents.codes, parts[0])
    model = build(blueprint, torch.from_numpy(embedding), mean, std).to(device)
    compile_for(device, schedule.compile, model.prior.trunk)
    labels = (torch.from_numpy(each) for each in (latents.perturbation, latents.cell_type))
    cell = prior_operations(blueprint.size, blueprint.tokens, blueprint.codes or blueprint.channels)
    history = fit(
        model,
        TensorBatches([values, *labels], device),
        lambda model, *batch: {"loss": model(*batch)},
        parts,
        schedule,
        what=blueprint.options["kind"],
        about=[vars(blueprint), _code(), embedding],
        operations=TRAINING * schedule.batch_size * cell,
        seed=seed,
        version=version,
        device=device,
        checkpoints=checkpoints,
        watch=watch,
    )
    return model, history


def _code() -> str:
    return source("nn", "priors", "training")


def moments(values: Tensor, codes: int, cells: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel of Gaussian latents over some cells; empty for codes."""
    if codes:
        return torch.ones(0), torch.ones(0)
    values = values[cells]
    return values.mean((0, 1)), values.std((0, 1)).clamp(min=1e-6)


@torch.no_grad()
def sample(
    model: ConditionalPrior,
    blueprint: Blueprint,
    query: dict[str, list[str]],
    *,
    options: dict[str, int | float],
    seed: int,
    batch_size: int,
    keep: Path | None = None,
) -> np.ndarray:
    """One cell's latents for every row of `query` (its columns cell_type and perturbation).

    Args:
        options: the prior's sampling options: denoising or solver steps, none for AR.
        keep: folder in which batches are kept, so that an interrupted call goes on; the caller's to remove.

    Raises:
        UserError: if the query asks for a label that the prior has not been trained with.
    """
    device = best_device()
    perturbation = indices(query, "perturbation", blueprint.perturbations)
    cell_type = indices(query, "cell_type", blueprint.cell_types)
    weights = (weight.cpu().numpy() for weight in model.state_dict().values())
    labels = perturbation.numpy(), cell_type.numpy()
    about = vars(blueprint), _code(), options, seed, batch_size, *labels, *weights
    pieces = Pieces(keep, fingerprint(*about)) if keep else None

    def draw(number: int, rows: Tensor) -> np.ndarray:
        generator = torch.Generator(device).manual_seed(seed_of(seed, number))
        with precision(device):
            drawn = model.sample(perturbation[rows].to(device), cell_type[rows].to(device), generator, **options)
        return drawn.cpu().numpy().astype(code_type(blueprint.codes) if blueprint.codes else np.float32)

    progress = Progress("sample", len(perturbation))
    parts = []
    for number, rows in enumerate(torch.arange(len(perturbation)).split(batch_size)):
        make = partial(draw, number, rows)
        parts.append(pieces.array(number, make) if pieces else make())
        progress.advance(len(rows))
    return np.concatenate(parts)


def indices(query: dict[str, list[str]], column: str, labels: list[str]) -> Tensor:
    """Index of each label of a column of the query."""
    try:
        return torch.from_numpy(numbers(query[column], labels).astype(np.int64))
    except KeyError as error:
        unknown = error.args[0]
        raise UserError(
            f"query: {column} {unknown!r} is unknown to the prior, which knows {', '.join(labels)}"
        ) from None
