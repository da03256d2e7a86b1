"""Draw the decoders' richness against every metric as PDF and PNG, with the numbers as CSV."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]) as log:
    from expressionvae.files import written
    from expressionvae.paper import columns, scores
    from expressionvae.paper.figures.richness import collect, draw, join
    from expressionvae.writing.style import save

    params = snakemake.params
    files = snakemake.input
    long = scores.collect(params.runs, list(zip(files.distribution, files.effects, strict=True)))
    table = join(long, collect(params.runs, files.richness, "spread"), params.columns)
    chosen = columns.chosen(params.columns)
    figure = draw(table, columns=chosen, datasets=params.datasets, decoders=params.decoders)
    with written(snakemake.output.scores_csv) as path:
        long.to_csv(path, index=False)
    with written(snakemake.output.csv) as path:
        table.to_csv(path, index=False, float_format="%.10g")
    for output in (snakemake.output.pdf, snakemake.output.png):
        with written(output) as path:
            save(figure, path)
    rho = table.drop_duplicates(["dataset", "metric"])[["dataset", "metric", "rho", "points"]]
    log.info(f"rank correlation of richness with each metric:\n{rho.to_string(index=False)}")
