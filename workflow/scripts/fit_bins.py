"""The mean training count of each bin."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    import anndata as ad

    from expressionvae.data import bins

    fitted = bins.fit(ad.read_h5ad(snakemake.input.train).X, tuple(snakemake.params.lower))
    fitted.save(snakemake.output.bins)
    print(f"bins fitted to {sum(fitted.n)} counts; empty: {[k for k, n in enumerate(fitted.n) if n == 0]}")
