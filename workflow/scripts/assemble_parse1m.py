"""Cut one donor of Parse's PBMC cytokine atlas to the paper's gene panel and write it as a screen."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data.downloads import located
    from expressionvae.data.parse1m import Found, assemble_parse1m
    from expressionvae.proteins.symbols import read_symbol_map

    source, output, dataset = snakemake.input, snakemake.output, snakemake.params.dataset
    found = Found.load(source.found)
    assemble_parse1m(
        located(source.source),
        located(source.train_split),
        located(source.test_split),
        output.screen,
        {name: output[name] for name in ("steps", "perturbations", "libraries")},
        **{key: dataset[key] for key in ("control", "donor", "on_difference")},
        key=found.key,
        library_column=found.library_column,
        symbol_map=read_symbol_map(snakemake.params.symbol_map),
        stated=snakemake.params.stated[found.file],
    )
