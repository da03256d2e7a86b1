"""Have one published file in data_dir, whole and right, and record where it lies."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data.downloads import obtain

    params = snakemake.params
    options = {"retries": params.retries, "on_difference": params.on_difference}
    obtain(params.entry, params.data_dir, snakemake.output.record, **options)
