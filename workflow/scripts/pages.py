"""Turn the tables' Markdown, and the config, into HTML pages for the report."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.files import written
    from expressionvae.run.report_page import from_file

    for source, output, title in zip(snakemake.input, snakemake.output, snakemake.params.titles, strict=True):
        with written(output) as path:
            path.write_text(from_file(source, title), encoding="utf-8")
