"""Fine-tune scGPT from a checkpoint's folder, or train it from scratch (see ../README.md for the command line).

A random control cell of the same cell type goes in with the perturbation flagged, and the perturbed cell is to come
out: mean squared error over log1p values. As in the published comparison, save where its code errs:
- it shuffles its gene tokens but not their values: here a value keeps its gene;
- it drops genes that its vocabulary lacks, and perturbations whose target is outside the panel: here they have tokens.
"""

import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "common"))

import numpy as np
import steps
import torch
from contract import (
    Partners,
    fingerprint,
    log_normal,
    main,
    model_folder,
    read_options,
    read_train,
    train_arguments,
)
from model import Options, Tokens, build, load_checkpoint, read_vocabulary


def train(given: Namespace) -> None:
    options = read_options(given.options, Options)
    device = steps.settle(given.seed, given.threads, given.device)
    vocabulary = read_vocabulary(options)
    cells = read_train(given.train)
    partners, rng = Partners(cells), np.random.default_rng(given.seed)
    values, perturbation, genes = log_normal(cells.counts, options.target_sum), cells.perturbation, len(cells.genes)
    about = {"genes": cells.genes, "labels": np.unique(perturbation).tolist(), "control": cells.control}
    about |= {"cell_types": np.unique(cells.cell_type).tolist(), "vocabulary": vocabulary, "options": asdict(options)}

    tokens = Tokens(about["genes"], about["labels"], about["control"], options.separator, vocabulary)
    torch.manual_seed(given.seed)
    model, used = build(options, tokens), []
    if options.checkpoint is not None:
        folder = Path(options.checkpoint)
        used.append(folder / "best_model.pt")
        print(f"scgpt: {load_checkpoint(model, folder)} tensors come from {folder}", file=sys.stderr)
    model.to(device).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=options.lr)

    def step(_: int) -> float:
        wanted, control = partners.draw(options.batch_size, rng)
        chosen = np.sort(rng.permutation(genes)[: options.genes_per_step])
        before = torch.from_numpy(values[control].toarray())
        after = steps.dense(values[wanted][:, chosen], device)
        batch = tokens.batch(before, perturbation[wanted].tolist(), torch.from_numpy(chosen))
        with torch.autocast("cuda", torch.bfloat16, enabled=device.type == "cuda"):
            output = model(**{name: tensor.to(device) for name, tensor in batch.items()})["mlm_output"]
        loss = torch.nn.functional.mse_loss(output[:, : len(chosen)].float(), after)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), options.gradient_clip)
        optimizer.step()
        return loss.item()

    checkpoint = steps.checkpoint_of(given.out)
    steps.run(
        "scgpt",
        step,
        options.steps,
        module=model,
        optimizers=[optimizer],
        rng=rng,
        checkpoint=checkpoint,
        fingerprint=fingerprint(given.train, *used, asdict(options), given.seed),
    )
    with model_folder(given.out, **about, seed=given.seed) as finished:
        steps.save_weights(model, finished)
    steps.remove(checkpoint)


if __name__ == "__main__":
    main(train, train_arguments())
