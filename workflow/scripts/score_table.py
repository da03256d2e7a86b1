"""Write a table of scores as CSV, Markdown and LaTeX, the scores behind it, and ours beside the paper's."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.files import written
    from expressionvae.paper import published, scores
    from expressionvae.paper.render import render, save

    params, files = snakemake.params, snakemake.input
    long = scores.collect(params.runs, list(zip(files.distribution, files.effects, strict=True)))
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
    )
    with written(snakemake.output.scores) as path:
        long.to_csv(path, index=False)
    save(table, snakemake.output)
    print(f"{len(table.frame)} rows of {len(files.effects)} runs")
