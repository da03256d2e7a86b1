"""Score what needs no encoder on a reversion screen: log values of the panel, and their principal components."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import prepared, reversion_screen
    from expressionvae.metrics.reversion import score, write
    from expressionvae.metrics.reversion_references import references

    p = snakemake.params
    screen = reversion_screen.read(snakemake.input.screen)
    train = prepared.read(snakemake.input.train)
    blocks = reversion_screen.blocks(screen, train.genes)
    embeddings = references(train.counts, train.size_factor, blocks, components=p.components)
    scored = [score(name, rows, screen, **p.options) for name, rows in embeddings.items()]
    write(scored, snakemake.output.scores, snakemake.output.targets)
