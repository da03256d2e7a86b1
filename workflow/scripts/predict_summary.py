"""What the pages of all pairs of a dataset say, as one table."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.prediction import summary

    summary.save(summary.together(snakemake.input.summaries), snakemake.output.summary)
