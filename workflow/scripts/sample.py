"""Sample the latents of one cell for every row of the query."""

from pathlib import Path

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    import numpy as np

    from expressionvae.data.baselines import read_query
    from expressionvae.files import written
    from expressionvae.priors import build
    from expressionvae.training import loop, stage2

    loop.use_threads(snakemake.threads)
    model, blueprint = build.load(snakemake.input.model, loop.best_device())
    query = read_query(snakemake.input.query)
    options = {"seed": int(snakemake.wildcards.sample_seed), "batch_size": snakemake.params.batch_size}
    kept = Path(snakemake.output.latents).with_suffix(".parts")
    values = stage2.sample(model, blueprint, query, **options, keep=kept)
    with written(snakemake.output.latents) as temporary:
        np.savez_compressed(temporary, values=values)
