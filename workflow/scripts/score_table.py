"""Write a table of scores as CSV, Markdown and LaTeX, the scores behind it, and ours beside the paper's."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]) as log:
    import pandas as pd

    from expressionvae.files import written
    from expressionvae.paper import composition, published, scores
    from expressionvae.paper.tables.render import render, save

    params, files = snakemake.params, snakemake.input
    long = scores.collect(params.runs, list(zip(files.distribution, files.effects, strict=True)))
    beside = list(zip(files.companion[::2], files.companion[1::2], strict=True))
    companion = scores.collect(params.companion, beside) if beside else None
    table = render(
        snakemake.wildcards.item,
        long,
        published.load(files.published),
        columns=params.columns,
        datasets=params.datasets,
        baselines=params.baselines,
        notes=params.notes,
        bottlenecks=params.bottlenecks,
        priors=params.priors,
        libraries=params.libraries,
        rerun=params.rerun,
        companion=companion,
        left_out={name: composition.read(path) for name, path in zip(params.left_out, files.left_out, strict=True)},
    )
    with written(snakemake.output.scores_csv) as path:
        whole = long if companion is None else pd.concat([long, companion], ignore_index=True)
        whole.to_csv(path, index=False)
    save(table, snakemake.output)
    log.info(f"{len(table.frame)} rows of {len(files.effects)} runs")
