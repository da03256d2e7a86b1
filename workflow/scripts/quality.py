"""Plot how a published screen came through its preparation: cells, knock-down, library sizes."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    import pandas as pd

    from expressionvae.files import written
    from expressionvae.paper.quality import draw

    tables = {name: pd.read_csv(path, keep_default_na=False, na_values=[""]) for name, path in snakemake.input.items()}
    figure = draw(**tables, title=snakemake.params.name, limit=snakemake.params.dataset.get("target_residual"))
    for path in snakemake.output:
        with written(path) as temporary:
            figure.savefig(temporary, dpi=150)
