"""Put what a reader wants first on one page: the report opens on it."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.files import written
    from expressionvae.run.overview import overview

    given = snakemake.input
    with written(snakemake.output[0]) as path:
        path.write_text(overview(given.get("table1"), given.get("claims"), given.get("figure2")), encoding="utf-8")
