"""Decode sampled latents to predicted cells, controls included, and measure what that leaves to chance; once a seed."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.evaluation import predictions
    from expressionvae.evaluation.query import read_query
    from expressionvae.metrics.richness import RICHNESS_COLUMNS, chosen_rows, richness
    from expressionvae.metrics.scores import write_scores
    from expressionvae.provenance import describe
    from expressionvae.training import device, latents, stage1
    from expressionvae.vae import build

    p, files, predict = snakemake.params, snakemake.output, snakemake.wildcards.predict
    trained = {stage: int(snakemake.wildcards[f"{stage}_seed"]) for stage in ("vae", "prior")}
    device.use_threads(snakemake.config["threads"])
    model, blueprint = build.load(snakemake.input.model, device.best_device())
    query = read_query(snakemake.input.query)
    training = latents.Latents.load(snakemake.input.training)
    rows, draws = chosen_rows(len(query), p.richness["cells"]), range(p.richness["draws"])
    for seed, sampled, output, rich in zip(p.seeds, snakemake.input.latents, files.cells, files.richness, strict=True):
        values = latents.read_sampled(sampled, len(query), training)
        asked = query["cell_type"].tolist(), query["true_library"].to_numpy()
        rule, library = stage1.libraries(predict, training, *asked, seed=seed)
        options = {"draws": p.richness["draws"], "batch_size": p.batch_size}
        cells = stage1.predict(model, values, library, rule, seed=seed, **options)
        how = {"predict": predict, "head": blueprint.head}
        provenance = describe(snakemake.config, **trained, sample=seed) | how
        predictions.write(output, cells, query, blueprint.genes, provenance)
        drawn = [stage1.predict(model, values[rows], library[rows], rule, seed=draw, **options) for draw in draws]
        write_scores(richness(drawn, rescale_to=p.rescale_to), rich, columns=RICHNESS_COLUMNS)
