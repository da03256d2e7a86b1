"""One training of either stage, kept under a fingerprint of all that it reads."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from expressionvae.provenance import fingerprint
from expressionvae.training.batches import CellBatches, TensorBatches
from expressionvae.training.checkpoints import Checkpoints
from expressionvae.training.loop import Row, Trainer, Watch
from expressionvae.training.schedule import Schedule


def fit(
    model: nn.Module,
    batches: CellBatches | TensorBatches,
    losses: Callable[..., dict[str, Tensor]],
    parts: tuple[Tensor, Tensor],
    schedule: Schedule,
    *,
    what: str,
    about: list[Any],
    operations: float,
    seed: int,
    version: int,
    device: torch.device,
    checkpoints: Path,
    watch: Watch | None,
) -> list[Row]:
    """Train a model, from its first step or from a checkpoint of the very same training; return its loss table.

    Args:
        batches: of everything that the losses are made of, labels included: its checksum is in the fingerprint.
        losses: of a model and what `batches` gives: "loss" and its terms, means over cells.
        parts, operations, watch: see `Trainer`.
        about: plain data and arrays that the model was built from, and its code (`provenance.source`).
        version: that of the rule: what is to be trained again takes up nothing.
    """
    name = fingerprint(*about, vars(schedule), seed, version, batches.checksum(), *(part.numpy() for part in parts))
    trainer = Trainer(
        model,
        lambda model, indices: losses(model, *batches(indices)),
        parts,
        schedule,
        seed=seed,
        device=device,
        checkpoints=Checkpoints(checkpoints, name),
        operations=operations,
        watch=watch,
    )
    return trainer.run(what)
