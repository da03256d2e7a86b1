"""One vector a perturbation: the sum of its genes' protein embeddings, zeros for the control."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data.screen_labels import read_labels
    from expressionvae.proteins import told_apart
    from expressionvae.proteins.embedded import read_proteins
    from expressionvae.proteins.perturbations import embed_labels, report
    from expressionvae.proteins.symbols import read_symbol_map

    source, params = snakemake.input, snakemake.params
    labels = read_labels(source.train, source.heldout)
    proteins = read_proteins(source.proteins) if source.get("proteins") else None
    how = dict(separator=params.separator, symbol_map=read_symbol_map(params.symbol_map))
    how |= dict(without_protein=params.without_protein)
    if proteins is not None:
        told_apart.check(source.proteins, labels, proteins.told(), **how, twins=params.twins)
    table = embed_labels(labels, proteins, **how)
    report(labels, table)
    table.save(snakemake.output[0])
