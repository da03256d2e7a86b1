"""Stage 1: train an ExpressionVAE, encode cells, decode latents (paper sections 3.1 and 3.3)."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from expressionvae.catalogue.heads import MEAN_OF_DRAWS
from expressionvae.data.cells import Cells
from expressionvae.data.validation import Validation, split
from expressionvae.files import UserError
from expressionvae.grid import TRUE_LIBRARY
from expressionvae.operations import VaeOperations
from expressionvae.progress import Progress
from expressionvae.provenance import source
from expressionvae.training.batches import CellBatches
from expressionvae.training.device import best_device, compile_for, precision
from expressionvae.training.fit import fit
from expressionvae.training.latents import Latents, code_type, numbers
from expressionvae.training.loop import Row, Watch
from expressionvae.training.schedule import Schedule, seed_of
from expressionvae.vae.build import Blueprint, build
from expressionvae.vae.model import ExpressionVAE


def train(
    cells: Cells,
    blueprint: Blueprint,
    schedule: Schedule,
    *,
    validation: Validation,
    seed: int,
    version: int,
    checkpoints: Path,
    watch: Watch | None = None,
) -> tuple[ExpressionVAE, list[Row]]:
    """Train on the cells of a screen; return the model and its loss table.

    Args:
        validation: what of the cells is set apart.
        version: see `fit`.
        checkpoints: their folder; each is named by a fingerprint of data, split, model, schedule, seed,
            version and code.
        watch: is shown the loss table as it grows.
    """
    device = best_device()
    torch.manual_seed(seed)
    model = build(blueprint).to(device)
    compile_for(device, schedule.compile, model.encoder, model.decoder)
    about = {"heldout_cell_types": cells.heldout_cell_types, "control": cells.control}
    parts = split(cells.cell_type, cells.perturbation, **about, validation=validation)
    vae = VaeOperations.of(blueprint.size, blueprint.bottleneck["tokens"], len(blueprint.genes))
    history = fit(
        model,
        CellBatches(cells, device),
        _losses,
        parts,
        schedule,
        what="vae",
        about=[vars(blueprint), source("nn", "vae", "training")],
        operations=vae.training_step(schedule.batch_size),
        seed=seed,
        version=version,
        device=device,
        checkpoints=checkpoints,
        watch=watch,
    )
    return model, history


def _losses(model: nn.Module, counts: Tensor, size_factor: Tensor) -> dict[str, Tensor]:
    loss, penalty = model(counts, size_factor)
    return {"loss": loss + penalty, "reconstruction": loss, "penalty": penalty}


@torch.no_grad()
def encode(model: ExpressionVAE, cells: Cells, perturbations: list[str], *, batch_size: int) -> Latents:
    """Latents of every cell; `perturbations` are the labels of the screen, held-out ones included.

    Raises:
        UserError: if the encoder gives what is no latent (a training that diverged).
    """
    device = best_device()
    batch = CellBatches(cells, device)
    progress = Progress("encode", len(cells))
    parts = []
    for indices in torch.arange(len(cells)).split(batch_size):
        with precision(device):
            parts.append(model.encode(*batch(indices)).cpu())
        progress.advance(len(indices))
    codes = int(getattr(model.bottleneck, "codebook_size", 0))
    values = torch.cat(parts)
    sound = (values >= 0) & (values < codes) if codes else values.isfinite()
    if not sound.all():  # NaN becomes some whole number as a code
        raise UserError(f"{int((~sound).sum())} latents are not finite: the VAE's training diverged")
    cell_types = sorted(set(cells.cell_type))
    return Latents(
        values.numpy().astype(code_type(codes) if codes else np.float32),
        codes,
        numbers(cells.perturbation, perturbations),
        numbers(cells.cell_type, cell_types),
        perturbations,
        cell_types,
        cells.panel_library(),
        cells.control,
        cells.heldout_cell_types,
    )


@torch.no_grad()
def decode(
    model: ExpressionVAE,
    latents: np.ndarray,
    panel_library: np.ndarray,
    rule: str,
    *,
    seed: int,
    batch_size: int,
) -> np.ndarray:
    """Expression on the linear scale [cell gene] for sampled latents, by a predict rule."""
    device = best_device()
    generator = torch.Generator(device).manual_seed(seed)
    progress = Progress("decode", len(latents))
    values = torch.from_numpy(latents.astype(np.int64 if latents.dtype.kind == "u" else np.float32))
    parts = []
    for indices in torch.arange(len(latents)).split(batch_size):
        library = torch.from_numpy(panel_library[indices.numpy()]).to(device)
        with precision(device):
            parts.append(model.decode(values[indices].to(device), library, rule, generator).float().cpu())
        progress.advance(len(indices))
    return torch.cat(parts).numpy()


def predict(
    model: ExpressionVAE,
    latents: np.ndarray,
    panel_library: np.ndarray,
    rule: str,
    *,
    draws: int,
    seed: int,
    batch_size: int,
) -> np.ndarray:
    """As `decode`, by a predict rule of the head or by `MEAN_OF_DRAWS`.

    That is the mean of `draws` draws from the same latents, each with a seed of its own: what a sampling head predicts
    with less of its noise.
    """
    if rule != MEAN_OF_DRAWS:
        return decode(model, latents, panel_library, rule, seed=seed, batch_size=batch_size)
    total = np.zeros((len(latents), len(model.genes)), np.float32)
    for draw in range(draws):
        total += decode(model, latents, panel_library, "sample", seed=seed_of(seed, draw), batch_size=batch_size)
    return total / draws


def libraries(
    rule: str, latents: Latents, cell_type: list[str], true_library: np.ndarray, *, seed: int
) -> tuple[str, np.ndarray]:
    """A head's predict rule, and the panel library sizes of the cells to decode: drawn, or with `grid.TRUE_LIBRARY` at
    the rule's end those of the true cells themselves."""
    if rule.endswith(TRUE_LIBRARY):
        return rule.removesuffix(TRUE_LIBRARY), true_library.astype(np.float32)
    return rule, draw_library(latents, cell_type, seed=seed)


def draw_library(latents: Latents, cell_type: list[str], *, seed: int) -> np.ndarray:
    """A panel library size for each cell to decode, drawn from the training cells of its cell type.

    The authors pass the true cell's library instead, which tells the model something of the answer.
    """
    random = np.random.default_rng(seed)
    drawn = np.zeros(len(cell_type), np.float32)
    wanted = np.asarray(cell_type)
    for index, label in enumerate(latents.cell_types):
        rows = wanted == label
        drawn[rows] = random.choice(latents.panel_library[latents.cell_type == index], rows.sum())
    return drawn
