"""Turn a table's Markdown, or the config, into an HTML page for the report."""

from expressionvae.console import reporting
from expressionvae.files import written
from expressionvae.paper.page import from_file

with reporting(snakemake.log[0]), written(snakemake.output[0]) as path:
    path.write_text(from_file(snakemake.input[0], snakemake.params.title), encoding="utf-8")
