"""Hold the pairs that are asked for against the screen: what is known of each, or why it cannot be predicted."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]) as log:
    from expressionvae.data import prepared
    from expressionvae.data.downloads import located
    from expressionvae.data.screen_labels import read_labels
    from expressionvae.pairs import Pair
    from expressionvae.prediction import asked
    from expressionvae.proteins.fasta import read_fasta
    from expressionvae.proteins.symbols import read_symbol_map

    given, p = snakemake.input, snakemake.params
    labels = read_labels(given.train, given.heldout)
    rows = asked.describe(
        [Pair(**pair) for pair in p.pairs],
        prepared.labels(given.train)[0],
        labels.all,
        control=labels.control,
        embedding=labels.embedding,
        separator=p.separator,
        proteins=lambda: read_fasta(located(given.fasta)).sequences,
        symbol_map=read_symbol_map(p.symbol_map),
    )
    asked.save(rows, snakemake.output.pairs)
    log.info(rows.to_string(index=False))
