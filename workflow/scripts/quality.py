"""Plot how a published screen came through its preparation: cells, knock-down, library sizes."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.files import written
    from expressionvae.run.quality import draw, read
    from expressionvae.writing.style import save

    tables = {name: read(name, path) for name, path in snakemake.input.items()}
    figure = draw(**tables, title=snakemake.params.name, limit=snakemake.params.dataset.get("target_residual"))
    for path in snakemake.output:
        with written(path) as temporary:
            save(figure, temporary, dots=150)
