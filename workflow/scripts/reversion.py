"""Score a frozen encoder, and its untrained twin, on a reversion screen."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import reversion_screen
    from expressionvae.metrics.reversion import score, write
    from expressionvae.training import device
    from expressionvae.training.frozen import embed, untrained
    from expressionvae.vae import build

    p = snakemake.params
    screen = reversion_screen.read(snakemake.input.screen)
    device.use_threads(snakemake.config["threads"])
    model, blueprint = build.load(snakemake.input.model, device.best_device())
    models = {"trained": model, "untrained": untrained(blueprint, seed=p.options["seed"])}
    blocks = reversion_screen.blocks(screen, blueprint.genes)
    embeddings = embed(list(models.values()), blocks, cells=len(screen), batch_size=p.batch_size)
    scored = [score(name, rows, screen, **p.options) for name, rows in zip(models, embeddings, strict=True)]
    write(scored, snakemake.output.scores, snakemake.output.targets)
