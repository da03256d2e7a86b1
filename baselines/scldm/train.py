"""Train scLDM: its VAE, then its prior on the frozen VAE's latents (see ../README.md for the command line)."""

import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import numpy as np
import steps
import torch
from contract import fingerprint, main, model_folder, read_options, read_train, train_arguments
from model import Model, Options, prior_rate, repository, vae_rate


def train(given: Namespace) -> None:
    options = read_options(given.options, Options)
    repository(options)  # before the cells are read
    device = steps.settle(given.seed, given.threads, given.device)
    cells, rng = read_train(given.train), np.random.default_rng(given.seed)
    labels, label = np.unique(cells.perturbation, return_inverse=True)
    cell_types, cell_type = np.unique(cells.cell_type, return_inverse=True)

    torch.manual_seed(given.seed)
    model = Model(len(cells.genes), len(labels), len(cell_types), options).to(device).train()
    vae = torch.optim.AdamW(model.vae.parameters(), lr=options.vae_lr, betas=(0.9, 0.95), weight_decay=0.0)
    prior = torch.optim.AdamW(model.prior.parameters(), lr=options.prior_lr, weight_decay=0.0)
    an_epoch = max(len(cells) // options.batch_size, 1)
    first, second = options.vae_epochs * an_epoch, options.prior_epochs * an_epoch

    def step(number: int) -> float:
        rows = rng.integers(0, len(cells), options.batch_size)
        counts = steps.dense(cells.counts[rows], device)
        if number < first:
            optimizer, part = vae, model.vae
            steps.set_rate(vae, options.vae_lr * vae_rate(number, first))
            loss = model.reconstruction_loss(counts)
        else:
            optimizer, part = prior, model.prior
            steps.set_rate(prior, options.prior_lr * prior_rate(number - first, second))
            known = {"cell_type": cell_type[rows], "perturbation": label[rows]}
            loss = model.flow_loss(counts, {name: steps.codes(value, device) for name, value in known.items()})
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(part.parameters(), options.gradient_clip)
        optimizer.step()
        return loss.item()

    checkpoint, trained = steps.checkpoint_of(given.out), asdict(options)
    for name in ("repository", "guidance"):  # of the place, and of prediction only
        trained.pop(name)
    steps.run(
        "scldm",
        step,
        first + second,
        module=model,
        optimizers=[vae, prior],
        rng=rng,
        checkpoint=checkpoint,
        fingerprint=fingerprint(given.train, trained, given.seed),
    )
    about = {"genes": cells.genes, "labels": labels.tolist(), "cell_types": cell_types.tolist(), "options": trained}
    with model_folder(given.out, **about, seed=given.seed) as finished:
        steps.save_weights(model, finished)
    steps.remove(checkpoint)


if __name__ == "__main__":
    main(train, train_arguments())
