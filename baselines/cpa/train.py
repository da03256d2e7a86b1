"""Train CPA (see ../README.md for the command line)."""

import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import numpy as np
import steps
import torch
from contract import Partners, fingerprint, log_normal, main, model_folder, read_options, read_train, train_arguments
from model import Adversaries, Autoencoder, Options, adversary_weight
from torch import nn


def train(given: Namespace) -> None:
    options = read_options(given.options, Options)
    device = steps.settle(given.seed, given.threads, given.device)
    cells = read_train(given.train)
    partners, rng = Partners(cells), np.random.default_rng(given.seed)
    log = log_normal(cells.counts, options.target_sum)
    labels, label = np.unique(np.where(cells.is_control, cells.control, cells.perturbation), return_inverse=True)
    cell_types, cell_type = np.unique(cells.cell_type, return_inverse=True)

    model = Autoencoder(len(cells.genes), len(labels), len(cell_types), options).to(device).train()
    adversaries = Adversaries(len(labels), len(cell_types), options).to(device).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=options.lr, weight_decay=options.weight_decay)
    against = torch.optim.Adam(
        adversaries.parameters(), lr=options.adversary_lr, weight_decay=options.adversary_weight_decay
    )

    def step(number: int) -> float:
        decay = options.lr_decay ** (number // options.lr_decay_steps)
        steps.set_rate(optimizer, options.lr * decay)
        steps.set_rate(against, options.adversary_lr * decay)
        wanted, control = partners.draw(options.batch_size, rng)
        known = steps.codes(cell_type[wanted], device), steps.codes(label[wanted], device)
        basal, perturbed = model(steps.dense(log[control], device), *known)

        loss = -perturbed.log_prob(steps.dense(log[wanted], device)).sum(dim=1).mean()
        weight = adversary_weight(options, number)
        objective = loss - weight * adversaries.loss(basal, *known) if weight else loss
        optimizer.zero_grad()
        objective.backward()
        optimizer.step()

        against.zero_grad()
        adversaries.penalised_loss(basal, *known, options.gradient_penalty).backward()
        against.step()
        return loss.item()

    checkpoint, trained = steps.checkpoint_of(given.out), asdict(options)
    trained.pop("emits")  # of prediction only
    steps.run(
        "cpa",
        step,
        options.steps,
        module=nn.ModuleList([model, adversaries]),
        optimizers=[optimizer, against],
        rng=rng,
        checkpoint=checkpoint,
        fingerprint=fingerprint(given.train, trained, given.seed),
    )
    about = {"genes": cells.genes, "labels": labels.tolist(), "cell_types": cell_types.tolist()}
    with model_folder(given.out, **about, control=cells.control, options=trained, seed=given.seed) as folder:
        steps.save_weights(model, folder)
    steps.remove(checkpoint)


if __name__ == "__main__":
    main(train, train_arguments())
