"""Decode sampled latents to predicted cells, controls included."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    import numpy as np

    from expressionvae.data import predictions
    from expressionvae.data.baselines import read_query
    from expressionvae.grid import TRUE_LIBRARY
    from expressionvae.metrics.richness import RICHNESS_COLUMNS, chosen_rows, richness
    from expressionvae.metrics.scores import write_scores
    from expressionvae.provenance import describe
    from expressionvae.training import latents, loop, stage1
    from expressionvae.vae import build

    seeds = {stage: int(snakemake.wildcards[f"{stage}_seed"]) for stage in ("vae", "prior", "sample")}
    predict, seed = snakemake.wildcards.predict, seeds["sample"]
    loop.use_threads(snakemake.threads)
    model, blueprint = build.load(snakemake.input.model, loop.best_device())
    query = read_query(snakemake.input.query)
    training = latents.Latents.load(snakemake.input.training)
    with np.load(snakemake.input.latents) as file:
        sampled = file["values"]
    library = stage1.draw_library(training, query["cell_type"].tolist(), seed=seed)
    if predict.endswith(TRUE_LIBRARY):
        library = query["true_library"].to_numpy(np.float32)
    rule, options = (
        predict.removesuffix(TRUE_LIBRARY),
        {"seed": seed, "batch_size": snakemake.params.batch_size},
    )
    values = stage1.decode(model, sampled, library, rule, **options)
    provenance = describe(snakemake.config, **seeds) | {"predict": predict, "head": blueprint.head}
    predictions.write(snakemake.output.cells, values, query, blueprint.genes, provenance)
    evaluation, batch_size = snakemake.params.evaluation, snakemake.params.batch_size
    rows = chosen_rows(len(sampled), evaluation["richness"]["cells"])
    again = (model, sampled[rows], library[rows], rule)
    draws = [stage1.decode(*again, seed=k, batch_size=batch_size) for k in range(evaluation["richness"]["draws"])]
    measured = richness(draws, rescale_to=evaluation["rescale_to"])
    write_scores(measured, snakemake.output.richness, columns=RICHNESS_COLUMNS)
