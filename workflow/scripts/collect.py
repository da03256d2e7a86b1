"""Gather the score files of all runs into one long table."""

from expressionvae.console import reporting
from expressionvae.files import written
from expressionvae.paper.scores import collect

with reporting(snakemake.log[0]):
    files = list(zip(snakemake.input.distribution, snakemake.input.effects, strict=True))
    scores = collect(snakemake.params.runs, files)
    with written(snakemake.output.scores) as path:
        scores.to_csv(path, index=False)
    print(f"{len(scores)} scores of {len(files)} runs")
