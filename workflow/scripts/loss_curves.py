"""Plot the losses of every training beside their table."""

from pathlib import Path

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.files import written
    from expressionvae.run.losses import draw, read
    from expressionvae.writing.style import save

    for losses, plot in zip(snakemake.input.losses, snakemake.output.plots, strict=True):
        figure = draw(read(Path(losses)), title=str(Path(losses).parent))
        with written(plot) as temporary:
            save(figure, temporary, dots=150)
