"""Compute the latents of every training cell, once."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import cells
    from expressionvae.data.perturbations import Perturbations
    from expressionvae.training import latents, loop, stage1
    from expressionvae.vae import build

    loop.use_threads(snakemake.threads)
    train, source = cells.read(snakemake.input.train), snakemake.input.perturbations
    model, _ = build.load(snakemake.input.model, loop.best_device(), train.genes)
    perturbations = Perturbations.load(source)
    perturbations.of(sorted(set(train.perturbation)), source)  # all of them are there
    result = stage1.encode(model, train, perturbations.labels, batch_size=snakemake.params.batch_size)
    result.save(snakemake.output.latents)
    if result.codes:
        used = latents.perplexity(result.values, result.codes)
        print(f"perplexity of code usage: {used:.1f} of {result.codes}")
