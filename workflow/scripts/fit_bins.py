"""The mean training count of each bin."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]) as log:
    from expressionvae.data import bins, prepared

    fitted = bins.fit(prepared.whole(snakemake.input.train, "the training cells").X, tuple(snakemake.params.lower))
    fitted.save(snakemake.output.bins)
    log.info(f"bins fitted to {sum(fitted.n)} counts; empty: {[k for k, n in enumerate(fitted.n) if n == 0]}")
