"""Decode sampled latents to predicted cells, controls included, and measure what that leaves to chance; once a seed."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import prepared
    from expressionvae.evaluation import predictions
    from expressionvae.evaluation.baselines import Training
    from expressionvae.evaluation.query import read_query
    from expressionvae.metrics.richness import RICHNESS_COLUMNS, chosen_rows, richness
    from expressionvae.metrics.scores import write_scores
    from expressionvae.prediction.decoder import Decoder
    from expressionvae.provenance import describe
    from expressionvae.training import device, latents
    from expressionvae.vae import build

    p, given, files, predict = snakemake.params, snakemake.input, snakemake.output, snakemake.wildcards.predict
    trained = {stage: int(snakemake.wildcards[f"{stage}_seed"]) for stage in ("vae", "prior")}
    device.use_threads(snakemake.config["threads"])
    model, blueprint = build.load(given.model, device.best_device())
    query = read_query(given.query)
    training = latents.Latents.load(given.training)
    train = prepared.whole(given.train, "the training cells") if given.get("train") else None
    controls = None if train is None else Training(train, rescale_to=p.rescale_to)
    decoder = Decoder(model, training, blueprint.head, predict, p.richness["draws"], p.batch_size, controls)
    rows, draws = chosen_rows(len(query), p.richness["cells"]), range(p.richness["draws"])
    for seed, sampled, output, rich in zip(p.seeds, given.latents, files.cells, files.richness, strict=True):
        cells, again = decoder.decode(latents.read_sampled(sampled, len(query), training), query, seed=seed)
        how = {"predict": predict, "head": blueprint.head}
        provenance = describe(snakemake.config, **trained, sample=seed) | how
        predictions.write(output, cells, query, blueprint.genes, provenance)
        drawn = [again(rows, draw) for draw in draws]
        write_scores(richness(drawn, rescale_to=p.rescale_to), rich, columns=RICHNESS_COLUMNS)
