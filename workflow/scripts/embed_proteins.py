"""Embed the proteins of a screen's perturbed genes (or of a whole FASTA) with ESM2."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data.downloads import located
    from expressionvae.data.screen_labels import all_genes, read_labels
    from expressionvae.proteins import told_apart
    from expressionvae.proteins.embedded import Proteins
    from expressionvae.proteins.esm import embed, load
    from expressionvae.proteins.fasta import choose, read_fasta, report
    from expressionvae.proteins.symbols import read_symbol_map
    from expressionvae.training import device

    source, params = snakemake.input, snakemake.params
    device.use_threads(snakemake.config["threads"])
    fasta = read_fasta(located(source.fasta))
    wanted, symbol_map = fasta.sequences, read_symbol_map(params.symbol_map)
    if source.get("train"):  # asked by `prepare` too, but of the file that was there then
        labels, about = read_labels(source.train, source.heldout), dict(separator=params.separator)
        wanted = all_genes(labels, **about)
        about |= dict(symbol_map=symbol_map, example=fasta.example, twins=params.twins)
        about |= dict(without_protein=params.without_protein)
        told_apart.check(located(source.fasta), labels, fasta.sequences, **about)
    chosen, missing = choose(fasta.sequences, wanted, symbol_map)
    report(source.fasta, fasta, chosen, missing)
    embedding = embed(
        list(chosen.values()),
        *load(located(source.checkpoint)),
        tokens_per_batch=params.tokens_per_batch,
        device=params.get("device", "auto"),
        precision=params.get("precision", "float32"),
    )
    Proteins(list(chosen), embedding, [len(s) for s in chosen.values()], missing).save(snakemake.output.proteins)
