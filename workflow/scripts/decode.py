"""Decode sampled latents to predicted cells, controls included, once a seed."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    import numpy as np

    from expressionvae.data import predictions
    from expressionvae.data.baselines import read_query
    from expressionvae.grid import TRUE_LIBRARY
    from expressionvae.provenance import describe
    from expressionvae.training import latents, loop, stage1
    from expressionvae.vae import build

    p, predict = snakemake.params, snakemake.wildcards.predict
    trained = {stage: int(snakemake.wildcards[f"{stage}_seed"]) for stage in ("vae", "prior")}
    loop.use_threads(snakemake.threads)
    model, blueprint = build.load(snakemake.input.model, loop.best_device())
    query = read_query(snakemake.input.query)
    training = latents.Latents.load(snakemake.input.training)
    for seed, sampled, output in zip(p.seeds, snakemake.input.latents, snakemake.output.cells, strict=True):
        with np.load(sampled) as file:
            values = file["values"]
        library = stage1.draw_library(training, query["cell_type"].tolist(), seed=seed)
        if predict.endswith(TRUE_LIBRARY):
            library = query["true_library"].to_numpy(np.float32)
        rule = predict.removesuffix(TRUE_LIBRARY)
        cells = stage1.decode(model, values, library, rule, seed=seed, batch_size=p.batch_size)
        provenance = describe(snakemake.config, **trained, sample=seed) | {"predict": predict, "head": blueprint.head}
        predictions.write(output, cells, query, blueprint.genes, provenance)
