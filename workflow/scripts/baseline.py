"""Cells predicted without a model: control cells, as they are or moved by a mean effect."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    import anndata as ad

    from expressionvae.data.baselines import predict, read_query
    from expressionvae.files import written
    from expressionvae.provenance import describe

    baseline, seed = snakemake.wildcards.baseline, int(snakemake.wildcards.sample_seed)
    cells = predict(
        baseline,
        ad.read_h5ad(snakemake.input.train),
        read_query(snakemake.input.query),
        rescale_to=snakemake.params.evaluation["rescale_to"],
        seed=seed,
        provenance=describe(snakemake.config, sample=seed) | {"baseline": baseline},
    )
    with written(snakemake.output.cells) as temporary:
        cells.write_h5ad(temporary, compression="gzip")
