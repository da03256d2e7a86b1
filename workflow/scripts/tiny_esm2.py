"""Write a tiny, untrained ESM2 in the real file format."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.proteins.esm import tiny_esm2

    tiny_esm2(snakemake.output.checkpoint, **snakemake.params.size)
