"""Which file of Parse's atlas holds the whole panel, raw counts and full-panel library sizes."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data.assembly import read_split
    from expressionvae.data.downloads import located
    from expressionvae.data.parse1m import find_counts
    from expressionvae.proteins.symbols import read_symbol_map

    source, dataset, panel_file = snakemake.input, snakemake.params.dataset, snakemake.input.get("panel_file")
    splits = located(source.train_split), located(source.test_split)
    found = find_counts(
        located(panel_file) if panel_file else None,
        read_split(*splits, cell_type="cell_type", perturbation="cytokine").genes,
        symbol_map=read_symbol_map(snakemake.params.symbol_map),
        **{key: dataset[key] for key in ("counts_from", "library_column", "on_difference")},
    )
    found.save(snakemake.output.found)
