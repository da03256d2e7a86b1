"""One page on a pair: genes, cells, and which prediction to trust."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import prepared
    from expressionvae.evaluation.baselines import Training
    from expressionvae.files import written
    from expressionvae.prediction import asked, cells, effects, identity, page, summary

    given, p, w = snakemake.input, snakemake.params, snakemake.wildcards
    folder = p.folder.format(**w)
    row = asked.row(given.pairs, folder)
    train = prepared.whole(given.train, "the training cells")
    training = Training(train, rescale_to=p.rescale_to)
    predicted = {name: cells.read(path) for name, path in zip(p.names, given.cells, strict=True)}
    tables = {name: effects.read(path) for name, path in zip(p.names, given.effects, strict=True)}
    tested = summary.read_tested(given.composition) if given.get("composition") else []
    judges = identity.read(given.judges, genes=train.var_names.tolist())
    shares = {name: identity.means(path) for name, path in zip(p.names, given.identity, strict=True)}
    of_type = {"shares": shares, "real": judges.real(row["cell_type"])}
    content = summary.of(row, training, predicted, tables, note=p.note, tested=tested, **of_type)
    summary.save(summary.rows(content, folder), snakemake.output.summary)
    with written(snakemake.output.page) as temporary:
        temporary.write_text(page.render(content), encoding="utf-8")
