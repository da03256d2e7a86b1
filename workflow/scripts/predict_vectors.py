"""Vectors of the perturbations that are asked for and of no cell of the screen, by their proteins."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data.downloads import located
    from expressionvae.data.screen_labels import Labels, all_genes
    from expressionvae.pairs import NEW
    from expressionvae.prediction import asked
    from expressionvae.proteins.esm import embedded
    from expressionvae.proteins.fasta import choose, read_fasta
    from expressionvae.proteins.perturbations import embed_labels, report
    from expressionvae.proteins.symbols import read_symbol_map
    from expressionvae.training import device

    given, p = snakemake.input, snakemake.params
    device.use_threads(snakemake.config["threads"])
    rows, symbols = asked.read(given.pairs), read_symbol_map(p.symbol_map)
    new = sorted(set(rows.loc[rows["vector"] == NEW, "perturbation"]))
    labels = Labels(new, [], p.dataset["control"], "esm2")
    genes = all_genes(labels, separator=p.dataset["separator"])
    chosen, missing = choose(read_fasta(located(given.fasta)).sequences, genes, symbols)
    proteins = embedded(chosen, missing, located(given.checkpoint), tokens_per_batch=p.tokens_per_batch)
    table = embed_labels(labels, proteins, separator=p.dataset["separator"], symbol_map=symbols)
    report(labels, table)
    table.save(snakemake.output.vectors)
