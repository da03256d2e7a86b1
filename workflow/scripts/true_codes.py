"""The codes of the true held-out cells themselves, in the place of a prior's: what the VAE alone loses."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    import numpy as np

    from expressionvae.data import cells
    from expressionvae.files import written
    from expressionvae.training import loop, stage1
    from expressionvae.vae import build

    loop.use_threads(snakemake.config["threads"])
    model, _ = build.load(snakemake.input.model, loop.best_device())
    truth = cells.read(snakemake.input.truth)
    latents = stage1.encode(model, truth, sorted(set(truth.perturbation)), batch_size=snakemake.params.batch_size)
    for output in snakemake.output.latents:
        with written(output) as temporary:
            np.savez_compressed(temporary, values=latents.values)
