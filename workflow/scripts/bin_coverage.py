"""Whether the bounded bins hold the mean counts of the genes that respond most."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    import json

    import anndata as ad
    import pandas as pd

    from expressionvae.data.bins import Bins, coverage
    from expressionvae.files import written

    result = coverage(
        ad.read_h5ad(snakemake.input.truth),
        pd.read_parquet(snakemake.input.de),
        Bins.load(snakemake.input.bins),
        top=snakemake.params.top_degs,
        fdr=snakemake.params.fdr,
    )
    with written(snakemake.output[0]) as temporary:
        temporary.write_text(json.dumps(result, indent=1) + "\n")
    print(f"{result['share']} of {result['n']} means lie below {result['last_lower_edge']}")
