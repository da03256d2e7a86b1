"""The codes of the true held-out cells themselves, in the place of a prior's: what the VAE alone loses."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import prepared
    from expressionvae.training import device, stage1
    from expressionvae.training.latents import save_sampled
    from expressionvae.vae import build

    device.use_threads(snakemake.config["threads"])
    truth = prepared.read(snakemake.input.truth)
    model, _ = build.load(snakemake.input.model, device.best_device(), truth.genes)
    latents = stage1.encode(model, truth, sorted(set(truth.perturbation)), batch_size=snakemake.params.batch_size)
    for output in snakemake.output.latents:
        save_sampled(output, latents.values)
