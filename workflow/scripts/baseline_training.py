"""The training cells as baselines read them."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]) as log:
    from expressionvae.data import prepared, sealed
    from expressionvae.evaluation import contract

    cells = contract.training(prepared.whole(snakemake.input.train, "the training cells"))
    sealed.write(snakemake.output.train, cells, compression="gzip", compression_opts=1)
    log.info(f"{cells.n_obs} cells, {int(cells.obs['is_control'].sum())} of them controls")
