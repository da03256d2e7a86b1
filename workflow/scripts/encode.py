"""Compute the latents of every training cell, once."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    import numpy as np
    import pandas as pd

    from expressionvae.data import cells
    from expressionvae.files import written
    from expressionvae.training import latents, loop, stage1
    from expressionvae.vae import build

    loop.use_threads(snakemake.threads)
    model, _ = build.load(snakemake.input.model, loop.best_device())
    with np.load(snakemake.input.perturbations) as perturbations:
        labels = perturbations["labels"].tolist()
    result = stage1.encode(model, cells.read(snakemake.input.train), labels, batch_size=snakemake.params.batch_size)
    result.save(snakemake.output.latents)
    used = [latents.usage(result)] if result.codes else []  # Gaussian latents have no codes: a table without rows
    with written(snakemake.output.codes) as path:
        pd.DataFrame(used, columns=latents.USAGE).to_csv(path, index=False)
    print(*(f"perplexity of code usage: {row['perplexity']:.1f} of {row['codes']}" for row in used))
