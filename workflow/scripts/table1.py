"""Write Table 1 as CSV, Markdown and LaTeX."""

from expressionvae.console import reporting
from expressionvae.files import written
from expressionvae.paper import columns, published, scores
from expressionvae.paper.render import render

with reporting(snakemake.log[0]):
    params = snakemake.params
    table = render(
        scores.read(snakemake.input.scores),
        published.load(snakemake.input.published),
        columns=columns.chosen(params.columns),
        datasets=params.datasets,
        baselines=params.baselines,
        notes=params.notes,
        title="Discrete-latent perturbation modelling against baselines.",
    )
    for suffix, text in (("csv", table.csv), ("md", table.markdown), ("tex", table.latex)):
        with written(snakemake.output[suffix]) as path:
            path.write_text(text, encoding="utf-8")
    print(f"{len(table.frame)} rows")
