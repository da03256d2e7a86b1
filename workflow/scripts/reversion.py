"""Score a frozen encoder, and its untrained twin, on a reversion screen."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import reversion
    from expressionvae.data.proteins import read_symbol_map
    from expressionvae.metrics.reversion import score, write
    from expressionvae.training import loop
    from expressionvae.training.reversion import embed, untrained
    from expressionvae.vae import build

    p = snakemake.params
    screen = reversion.read_entry(snakemake.input.screen, p.screen)
    loop.use_threads(snakemake.threads)
    model, blueprint = build.load(snakemake.input.model, loop.best_device())
    models = {"trained": model, "untrained": untrained(blueprint, seed=p.options["seed"])}
    blocks = reversion.panel(screen, blueprint.genes, read_symbol_map(p.symbol_map))
    embeddings = embed(list(models.values()), blocks, cells=len(screen.rows), batch_size=p.batch_size)
    scored = [score(name, rows, screen, **p.options) for name, rows in zip(models, embeddings, strict=True)]
    write(scored, snakemake.output.scores, snakemake.output.targets)
