"""Filter the Replogle screen's four cell lines by knock-down and write them as one screen."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data.downloads import located
    from expressionvae.data.replogle import assemble_replogle
    from expressionvae.proteins.symbols import read_symbol_map

    source, output, dataset = snakemake.input, snakemake.output, snakemake.params.dataset
    keys = ("control", "target_residual", "cell_residual", "min_cells", "rescale_to", "on_difference")
    assemble_replogle(
        {line: located(source[line]) for line in ("hepg2", "jurkat", "k562", "rpe1")},
        located(source.train_split),
        located(source.test_split),
        output.screen,
        {name: output[name] for name in ("steps", "perturbations", "libraries")},
        **{key: dataset[key] for key in keys},
        scale=dataset["residual_scale"],
        symbol_map=read_symbol_map(snakemake.params.symbol_map),
        stated=snakemake.params.stated,
    )
