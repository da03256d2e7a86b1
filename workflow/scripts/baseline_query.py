"""What baselines are asked, once a seed: a control for each wanted cell, and the label it shall get."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import prepared, sealed
    from expressionvae.evaluation import contract
    from expressionvae.evaluation.query import read_query

    train = prepared.whole(snakemake.input.train, "the training cells")
    wanted = read_query(snakemake.input.query)
    for seed, output in zip(snakemake.params.seeds, snakemake.output.query, strict=True):
        sealed.write(output, contract.query(train, wanted, seed=seed), compression="gzip", compression_opts=1)
