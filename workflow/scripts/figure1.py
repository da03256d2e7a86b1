"""Draw Figure 1, the pipeline, as PDF and PNG."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.files import written
    from expressionvae.paper.figures.figure1 import draw
    from expressionvae.writing.style import save

    figure = draw(snakemake.params.config)
    for output in (snakemake.output.pdf, snakemake.output.png):
        with written(output) as path:
            save(figure, path)
