"""Train scGen and find the shift of every perturbation (see ../README.md for the command line)."""

import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import numpy as np
import steps
import torch
from contract import fingerprint, log_normal, main, model_folder, read_options, read_train, train_arguments
from model import Model, Options
from shifts import shifts


def train(given: Namespace) -> None:
    options = read_options(given.options, Options)
    device = steps.settle(given.seed, given.threads, given.device)
    cells, rng = read_train(given.train), np.random.default_rng(given.seed)
    log = log_normal(cells.counts, options.target_sum)
    model = Model(len(cells.genes), options).to(device).train()
    optimizer = torch.optim.Adam(
        model.parameters(),
        lr=options.lr,
        weight_decay=options.weight_decay,
        eps=0.01,  # as scvi-tools trains by default, and scGen with it
    )

    def step(number: int) -> float:
        loss = model.loss(steps.dense(log[rng.integers(0, len(cells), options.batch_size)], device), options.kl_weight)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    checkpoint = steps.checkpoint_of(given.out)
    steps.run(
        "scgen",
        step,
        options.epochs * max(round(len(cells) / options.batch_size), 1),
        module=model,
        optimizers=[optimizer],
        rng=rng,
        checkpoint=checkpoint,
        fingerprint=fingerprint(given.train, asdict(options), given.seed),
    )
    model.eval()
    latent = steps.predicted(lambda rows: model.latent(steps.dense(log[rows], device)), len(cells))
    label = np.where(cells.is_control, cells.control, cells.perturbation)
    labels, shift = shifts(latent, cells.cell_type, label, cells.control)
    about = {"genes": cells.genes, "labels": labels, "control": cells.control, "options": asdict(options)}
    with model_folder(given.out, **about, seed=given.seed) as folder:
        steps.save_weights(model, folder)
        np.save(folder / "shift.npy", shift)
    steps.remove(checkpoint)


if __name__ == "__main__":
    main(train, train_arguments())
