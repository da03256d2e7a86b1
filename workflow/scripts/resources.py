"""Summarise what the jobs took, as CSV and Markdown."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]) as log:
    from expressionvae.files import written
    from expressionvae.run import resources

    params = snakemake.params
    jobs = resources.read(params.folder)
    table = resources.summarise(jobs, order=params.order)
    with written(snakemake.output.csv) as path:
        table.to_csv(path, index=False, float_format="%.10g")
    with written(snakemake.output.md) as path:
        path.write_text(resources.markdown(table), encoding="utf-8")
    log.info(f"{len(jobs)} jobs of {len(table)} rules took {table['seconds_sum'].sum():.0f} s together")
