"""Draw Figure 2, the output-head heatmaps, as PDF and PNG."""

from expressionvae.console import reporting
from expressionvae.files import written
from expressionvae.paper import columns, published, scores
from expressionvae.paper.figure2 import draw, save

with reporting(snakemake.log[0]):
    params = snakemake.params
    paper = published.load(snakemake.input.get("published", []))
    figure = draw(
        scores.summarise(scores.read(snakemake.input.scores), "paper"),
        published.as_summary(paper, "figure2"),
        columns=columns.chosen(params.columns),
        datasets=params.datasets,
        priors=params.priors,
        decoders=params.decoders,
    )
    for output in (snakemake.output.pdf, snakemake.output.png):
        with written(output) as path:
            save(figure, path)
