"""Cut one donor of Parse's PBMC cytokine atlas to the paper's gene panel and write it as a screen."""

from expressionvae.console import reporting
from expressionvae.data.parse1m import assemble_parse1m
from expressionvae.data.proteins import read_symbol_map

with reporting(snakemake.log[0]):
    source, dataset = snakemake.input, snakemake.params.dataset
    assemble_parse1m(
        source.source,
        source.train_split,
        source.test_split,
        snakemake.output.screen,
        **{key: dataset[key] for key in ("control", "donor", "library_column")},
        symbol_map=read_symbol_map(snakemake.params.symbol_map),
    )
