"""Compute the latents of every training cell, once."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    import numpy as np

    from expressionvae.data import cells
    from expressionvae.training import latents, loop, stage1
    from expressionvae.vae import build

    loop.use_threads(snakemake.config["threads"])
    model, _ = build.load(snakemake.input.model, loop.best_device())
    with np.load(snakemake.input.perturbations) as perturbations:
        labels = perturbations["labels"].tolist()
    result = stage1.encode(model, cells.read(snakemake.input.train), labels, batch_size=snakemake.params.batch_size)
    result.save(snakemake.output.latents)
    if result.codes:
        used = latents.perplexity(result.values, result.codes)
        print(f"perplexity of code usage: {used:.1f} of {result.codes}")
