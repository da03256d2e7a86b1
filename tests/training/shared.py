"""Small trainings that the processes of test_launch.py share."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import torch
from scipy import sparse

from expressionvae.catalogue.heads import HEADS
from expressionvae.catalogue.priors import GAUSSIAN, PRIORS
from expressionvae.data.cells import Cells
from expressionvae.data.compact import Compact
from expressionvae.data.validation import Validation
from expressionvae.training import loop, stage1, stage2
from expressionvae.training.latents import Latents
from expressionvae.vae.build import Blueprint
from tests import options
from tests.priors.test_build import KINDS, SIZE
from tests.training.test_schedule import schedule

SCHEDULE = schedule(iterations=40, batch_size=6, validate_every=20, log_every=1, checkpoint_every=20)


def train(what: str, folder: Path, rank: int) -> tuple[dict[str, torch.Tensor], list[loop.Row]]:
    """Train a head's VAE or a prior; "-slowly" gives time to disturb it, "-second-dies" kills the second process."""
    kind, _, event = what.partition("-")
    if event:
        disturb(event, rank)
    apart = Validation(combinations=0.05, cells=0.1, seed=0)
    settings = {"validation": apart, "seed": 0, "version": 1, "checkpoints": folder}
    if kind in KINDS:
        found, embedding = latents(gaussian=PRIORS[kind].bottleneck == GAUSSIAN), np.zeros((3, 0), np.float32)
        blueprint = stage2.blueprint_for(found, embedding, {**SIZE, "dropout": 0.0}, KINDS[kind])
        model, history = stage2.train(found, embedding, blueprint, SCHEDULE, **settings)
    else:
        model, history = stage1.train(cells(), vae(kind), SCHEDULE, **settings)
    return model.state_dict(), history


def disturb(event: str, rank: int) -> None:
    advance = loop.Trainer._advance

    def disturbed(self) -> None:
        time.sleep(0.05 if event == "slowly" else 0)
        if event == "second-dies" and rank == 1 and self.step == 27:
            os.kill(os.getpid(), signal.SIGKILL)
        advance(self)

    loop.Trainer._advance = disturbed


def cells() -> Cells:
    random = np.random.default_rng(0)
    counts = random.poisson(random.uniform(0.1, 3, (60, 1)), (60, 20)).astype(np.int32)  # some cells have few counts
    labels = ["ctrl", "a"] * 30, ["T"] * 20 + ["B"] * 40
    return Cells(
        Compact.of(sparse.csr_matrix(counts)),
        counts.sum(1).astype(np.float32) / 30,
        *labels,
        [f"G{i}" for i in range(20)],
        "ctrl",
    )


def vae(kind: str) -> Blueprint:
    size = dict(width=16, heads=2, feedforward=32, encoder_blocks=1, decoder_blocks=1, dropout=0.0)
    switches = {"context_norm": True, "decoder_self_attention": True, "slot_embedding": True}
    bins = {"lower": [0, 1, 2], "means": [0.0, 1.0, 2.9]}
    bottleneck = {"kind": "fsq", "tokens": 4, "levels": [4, 2], "normalise": kind == "normalised"}
    head = kind if kind in HEADS else "ce"
    return Blueprint(cells().genes, bins, size | switches, bottleneck, head, options.of_head(head))


def latents(gaussian: bool) -> Latents:
    random = np.random.default_rng(0)
    codes = random.integers(0, 8, (60, 4)).astype(np.uint16)
    labels = random.integers(0, 3, 60).astype(np.int32), random.integers(0, 2, 60).astype(np.int32)
    values = random.normal(size=(60, 4, 2)).astype(np.float32) if gaussian else codes
    library = np.ones(60, np.float32)
    return Latents(values, 0 if gaussian else 8, *labels, ["a", "b", "ctrl"], ["B", "T"], library, "ctrl")
