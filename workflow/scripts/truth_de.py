"""Differential expression of the true cells, computed once for all runs."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.metrics.de import differential_expression, write_de
    from expressionvae.metrics.space import compared, read_truth

    truth = read_truth(snakemake.input.truth)
    cells = compared(truth, truth=truth, rescale_to=snakemake.params.evaluation["rescale_to"])
    write_de(differential_expression(cells, threads=snakemake.threads), snakemake.output.de)
