"""One page on a pair: genes, cells, and which prediction to trust."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import prepared
    from expressionvae.evaluation.baselines import Training
    from expressionvae.files import written
    from expressionvae.prediction import asked, cells, effects, page, summary

    given, p, w = snakemake.input, snakemake.params, snakemake.wildcards
    row = asked.row(given.pairs, p.folder.format(**w))
    training = Training(prepared.whole(given.train, "the training cells"), rescale_to=p.rescale_to)
    predicted = {name: cells.read(path) for name, path in zip(p.names, given.cells, strict=True)}
    tables = {name: effects.read(path) for name, path in zip(p.names, given.effects, strict=True)}
    tested = summary.read_tested(given.composition) if given.get("composition") else []
    content = summary.of(row, training, predicted, tables, note=p.note, tested=tested)
    with written(snakemake.output.page) as temporary:
        temporary.write_text(page.render(content), encoding="utf-8")
