"""The true cells that predictions are compared with, and the query they answer."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    import anndata as ad

    from expressionvae.data import truth

    keys = ("cells_per_perturbation", "controls", "seed")
    cells = truth.choose(
        ad.read_h5ad(snakemake.input.train),
        ad.read_h5ad(snakemake.input.heldout),
        **{key: snakemake.params.evaluation[key] for key in keys},
    )
    truth.save(cells, snakemake.output.truth, snakemake.output.query)
    print(f"{cells.n_obs} true cells; per perturbation: {cells.obs['perturbation'].value_counts().to_dict()}")
