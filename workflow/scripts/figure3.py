"""Draw Figure 3, the reversion benchmark, and write its numbers as tables."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.files import written
    from expressionvae.paper import published
    from expressionvae.paper.figures import figure3_data
    from expressionvae.paper.figures.figure3 import draw
    from expressionvae.writing.style import save

    p, output = snakemake.params, snakemake.output
    scores = figure3_data.collect(p.about, snakemake.input.scores)
    summary = figure3_data.summarise(scores, published.load(snakemake.input.published), p.screens)
    with written(output.csv) as path:
        summary.to_csv(path, index=False, float_format="%.10g")
    with written(output.md) as path:
        path.write_text(figure3_data.markdown(summary, p.screens, p.notes), encoding="utf-8")
    figure = draw(summary, notes=p.notes)
    for target in (output.pdf, output.png):
        with written(target) as path:
            save(figure, path)
