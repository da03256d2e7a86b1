"""Cells of a baseline, held to the contract and written as all predictions are."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import prepared
    from expressionvae.evaluation.admission import admit
    from expressionvae.evaluation.query import read_query
    from expressionvae.provenance import describe

    given, p, baseline = snakemake.input, snakemake.params, snakemake.wildcards.baseline
    query, genes = read_query(given.query), prepared.genes(given.train)
    for seed, source, output in zip(p.seeds, given.cells, snakemake.output.cells, strict=True):
        seeds = {"model": int(snakemake.wildcards.vae_seed), "sample": seed}
        provenance = describe(snakemake.config, **seeds) | {"baseline": baseline}
        admit(source, output, query, genes, baseline=baseline, space=p.space, provenance=provenance)
