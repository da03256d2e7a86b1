"""Cells of another author's baseline, held to the contract and written as all predictions are."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import prepared
    from expressionvae.evaluation.admission import admit
    from expressionvae.evaluation.query import read_query
    from expressionvae.provenance import describe

    baseline = snakemake.wildcards.baseline
    seeds = {"model": int(snakemake.wildcards.vae_seed), "sample": int(snakemake.wildcards.sample_seed)}
    admit(
        snakemake.input.cells,
        snakemake.output.cells,
        read_query(snakemake.input.query),
        prepared.genes(snakemake.input.train),
        baseline=baseline,
        space=snakemake.params.space,
        provenance=describe(snakemake.config, **seeds) | {"baseline": baseline},
    )
