"""Write Table 2 or 3, the settings in force beside the paper's, as CSV, Markdown and LaTeX."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]) as log:
    from expressionvae.paper.tables.render import save
    from expressionvae.paper.tables.settings_table import load, settings_table

    params = snakemake.params
    table = settings_table(snakemake.wildcards.item, params.config, load(snakemake.input.published))
    save(table, snakemake.output)
    log.info(f"{len(table.frame)} settings")
