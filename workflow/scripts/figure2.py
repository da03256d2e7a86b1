"""Draw Figure 2, the output-head heatmaps, as PDF and PNG, and keep the scores behind it."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.files import written
    from expressionvae.paper import columns, published, scores
    from expressionvae.paper.figures.figure2 import draw
    from expressionvae.paper.tables import notes
    from expressionvae.writing.style import save

    params, files = snakemake.params, snakemake.input
    long = scores.collect(params.runs, list(zip(files.distribution, files.effects, strict=True)))
    figure = draw(
        scores.summarise(long, "paper"),
        published.as_summary(published.load(files.published), "figure2"),
        columns=columns.chosen(params.columns),
        datasets=params.datasets,
        priors=params.priors,
        decoders=params.decoders,
        remarks=notes.told(params.libraries, params.decoders),
    )
    with written(snakemake.output.scores_csv) as path:
        long.to_csv(path, index=False)
    for output in (snakemake.output.pdf, snakemake.output.png):
        with written(output) as path:
            save(figure, path)
