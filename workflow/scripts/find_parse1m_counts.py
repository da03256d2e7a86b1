"""Which file of Parse's atlas holds raw counts and full-panel library sizes."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data.downloads import located
    from expressionvae.data.parse1m import find_counts

    dataset, panel_file = snakemake.params.dataset, snakemake.input.get("panel_file")
    found = find_counts(
        located(panel_file) if panel_file else None,
        counts_from=dataset["counts_from"],
        library_column=dataset["library_column"],
    )
    found.save(snakemake.output.found)
