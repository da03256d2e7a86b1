"""Cells predicted without a model: control cells, as they are or moved by a mean effect."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import prepared
    from expressionvae.evaluation import predictions
    from expressionvae.evaluation.baselines import predict
    from expressionvae.evaluation.query import read_query
    from expressionvae.provenance import describe

    baseline, scale = snakemake.wildcards.baseline, snakemake.params.evaluation["rescale_to"]
    train = prepared.whole(snakemake.input.train, "the training cells")
    query = read_query(snakemake.input.query)
    for seed, output in zip(snakemake.params.seeds, snakemake.output.cells, strict=True):
        provenance = describe(snakemake.config, sample=seed) | {"baseline": baseline}
        cells = predict(baseline, train, query, rescale_to=scale, seed=seed)
        predictions.write(output, cells, query, train.var_names.tolist(), provenance)
