"""Train scVI (see ../README.md for the command line)."""

import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import numpy as np
import steps
import torch
from contract import Partners, fingerprint, main, model_folder, read_options, read_train, train_arguments
from model import Model, Options, schedule


def train(given: Namespace) -> None:
    options = read_options(given.options, Options)
    device = steps.settle(given.seed, given.threads, given.device)
    cells = read_train(given.train)
    partners, rng = Partners(cells), np.random.default_rng(given.seed)
    labels, label = np.unique(np.where(cells.is_control, cells.control, cells.perturbation), return_inverse=True)
    cell_types, cell_type = np.unique(cells.cell_type, return_inverse=True)

    model = Model(len(cells.genes), len(labels), len(cell_types), options).to(device).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=options.lr, weight_decay=options.weight_decay)

    def step(number: int) -> float:
        wanted, control = partners.draw(options.batch_size, rng)
        lr, kl_weight = schedule(options, number, len(partners.rows))
        steps.set_rate(optimizer, lr)
        loss = model.loss(
            steps.dense(cells.counts[control], device),
            steps.dense(cells.counts[wanted], device),
            steps.codes(cell_type[wanted], device),
            steps.codes(label[wanted], device),
            kl_weight,
        )
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), options.gradient_clip)
        optimizer.step()
        return loss.item()

    checkpoint, trained = steps.checkpoint_of(given.out), asdict(options)
    trained.pop("emits")  # of prediction only
    steps.run(
        "scvi",
        step,
        options.steps,
        module=model,
        optimizers=[optimizer],
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
