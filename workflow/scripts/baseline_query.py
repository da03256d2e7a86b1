"""What other authors' baselines are asked: a control cell for each wanted cell, and the label that it shall get."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import prepared, sealed
    from expressionvae.evaluation import contract
    from expressionvae.evaluation.truth import read_query

    train = prepared.whole(snakemake.input.train, "the training cells")
    wanted = read_query(snakemake.input.query)
    cells = contract.query(train, wanted, seed=int(snakemake.wildcards.sample_seed))
    sealed.write(snakemake.output.query, cells, compression="gzip", compression_opts=1)
