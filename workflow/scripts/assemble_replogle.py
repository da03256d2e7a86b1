"""Filter the Replogle screen's four cell lines by knock-down and write them as one screen."""

from expressionvae.console import reporting
from expressionvae.data.proteins import read_symbol_map
from expressionvae.data.replogle import assemble_replogle

with reporting(snakemake.log[0]):
    source, dataset = snakemake.input, snakemake.params.dataset
    assemble_replogle(
        {line: source[line] for line in ("hepg2", "jurkat", "k562", "rpe1")},
        source.train_split,
        source.test_split,
        snakemake.output.screen,
        **{key: dataset[key] for key in ("control", "target_residual", "cell_residual", "min_cells", "rescale_to")},
        scale=dataset["residual_scale"],
        symbol_map=read_symbol_map(snakemake.params.symbol_map),
    )
