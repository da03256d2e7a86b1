"""Compute the latents of every training cell, once."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]) as log:
    import pandas as pd

    from expressionvae.data import prepared
    from expressionvae.files import written
    from expressionvae.proteins.perturbations import Perturbations
    from expressionvae.training import device, latents, stage1
    from expressionvae.vae import build

    device.use_threads(snakemake.config["threads"])
    train, source = prepared.read(snakemake.input.train), snakemake.input.perturbations
    model, _ = build.load(snakemake.input.model, device.best_device(), train.genes)
    perturbations = Perturbations.load(source)
    perturbations.of(sorted(set(train.perturbation)), source)  # all of them are there
    result = stage1.encode(model, train, perturbations.labels, batch_size=snakemake.params.batch_size)
    result.save(snakemake.output.latents)
    used = [latents.usage(result)] if result.codes else []  # Gaussian latents have no codes: a table without rows
    with written(snakemake.output.codes) as path:
        pd.DataFrame(used, columns=latents.USAGE).to_csv(path, index=False)
    for row in used:
        log.info(f"perplexity of code usage: {row['perplexity']:.1f} of {row['codes']}")
