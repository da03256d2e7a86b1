"""The true cells that predictions are compared with, and the query they answer."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]) as log:
    from expressionvae.data import prepared
    from expressionvae.evaluation import truth

    keys = ("cells_per_perturbation", "controls", "seed")
    cells = truth.choose(
        prepared.whole(snakemake.input.train, "the training cells"),
        prepared.whole(snakemake.input.heldout, "the held-out cells"),
        **{key: snakemake.params.evaluation[key] for key in keys},
    )
    truth.save(cells, snakemake.output.truth, snakemake.output.query)
    log.info(f"{cells.n_obs} true cells; per perturbation: {cells.obs['perturbation'].value_counts().to_dict()}")
