"""Whether the bounded bins hold the mean counts of the genes that respond most."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]) as log:
    import json

    from expressionvae.data.bins import Bins
    from expressionvae.evaluation.truth import read_truth
    from expressionvae.files import written
    from expressionvae.metrics.coverage import coverage
    from expressionvae.metrics.de import read_de

    result = coverage(
        read_truth(snakemake.input.truth),
        read_de(snakemake.input.de).to_pandas(),
        Bins.load(snakemake.input.bins),
        top=snakemake.params.top_degs,
        fdr=snakemake.params.fdr,
    )
    with written(snakemake.output[0]) as temporary:
        temporary.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    log.info(f"{result['share']} of {result['n']} means lie below {result['last_lower_edge']}")
