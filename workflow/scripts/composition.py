"""What each run scores on combinations of training cell types that were left out, one row a type, run and metric."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]) as log:
    from expressionvae.data import left_out
    from expressionvae.files import written
    from expressionvae.paper import composition

    files = list(zip(snakemake.input.distribution, snakemake.input.effects, strict=True))
    runs = snakemake.params.runs[: len(files)]  # of a screen with fewer cell types than are asked for
    names = list(dict.fromkeys(run["dataset"] for run in runs))
    types = dict(zip(names, left_out.read(snakemake.input.left_out)["cell_type"], strict=True))
    table = composition.collect(runs, files, types)
    with written(snakemake.output[0]) as temporary:
        table.to_csv(temporary, index=False)
    log.info(table.to_string(index=False))
