"""Have a folder that another author's baseline needs: of downloads, or of a public repository at one commit."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import brought

    params, folder = snakemake.params, snakemake.output.folder
    if params.clone:
        brought.check_out(params.clone["url"], params.clone["commit"], params.place, folder)
    else:
        brought.gather(dict(zip(params.names, snakemake.input, strict=True)), folder)
