"""Differential expression of the true cells, computed once for all runs."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.evaluation.comparison import compared
    from expressionvae.evaluation.truth import read_truth
    from expressionvae.metrics.de import differential_expression, write_de

    truth = read_truth(snakemake.input.truth)
    p = snakemake.params
    cells = compared(truth, truth=truth, rescale_to=p.evaluation["rescale_to"])
    found = differential_expression(cells, epsilon=p.fold_change_epsilon, threads=snakemake.threads)
    write_de(found, snakemake.output.de)
