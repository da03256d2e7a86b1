"""Sample the latents of one cell for every row of the query, once a seed."""

import shutil
from pathlib import Path

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.evaluation.query import read_query
    from expressionvae.priors import build
    from expressionvae.training import device, stage2
    from expressionvae.training.latents import save_sampled

    device.use_threads(snakemake.config["threads"])
    model, blueprint = build.load(snakemake.input.model, device.best_device())
    query = read_query(snakemake.input.query)[["cell_type", "perturbation"]].to_dict("list")
    kept = Path(snakemake.output.latents[0]).with_name("unfinished")
    how = {"options": snakemake.params.options, "batch_size": snakemake.params.batch_size, "keep": kept}
    for seed, output in zip(snakemake.params.seeds, snakemake.output.latents, strict=True):
        values = stage2.sample(model, blueprint, query, seed=seed, **how)
        save_sampled(output, values)
    shutil.rmtree(kept, ignore_errors=True)  # only now: the outputs of a job that fails at its last seed are deleted
