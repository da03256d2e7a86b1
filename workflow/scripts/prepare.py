"""Training cells and held-out cells of a screen."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from functools import partial

    from expressionvae.data import left_out
    from expressionvae.data.downloads import located
    from expressionvae.data.heldout import published
    from expressionvae.data.screen import Columns
    from expressionvae.data.split import prepare
    from expressionvae.files import reading
    from expressionvae.proteins import told_apart
    from expressionvae.proteins.fasta import read_fasta
    from expressionvae.proteins.symbols import read_symbol_map

    dataset, described = snakemake.params.dataset, None
    if dataset["kind"] != "local":
        with reading(snakemake.input.screen, "a screen that was made or assembled here"):
            pass  # it proves to be whole, before its blocks are read
    if path := snakemake.input.get("fasta"):
        path, fasta = located(path), read_fasta(located(path))
        about = dict(separator=dataset["separator"], symbol_map=read_symbol_map(snakemake.params.symbol_map))
        about |= dict(example=fasta.example, twins=dataset.get("on_difference", "stop"))
        described = partial(told_apart.check, path, proteins=fasta.sequences, **about)
    if left := snakemake.input.get("left_out"):
        dataset = dataset | {"heldout": left_out.heldout(left, dataset["place"]), "genes": None}
    if "heldout" not in dataset:  # the paper's own screens carry the list of their split file
        dataset = dataset | {"heldout": published(snakemake.input.screen), "genes": None}
    prepare(
        snakemake.input.screen,
        snakemake.output.train,
        snakemake.output.heldout,
        name=snakemake.params.name,
        columns=Columns.of(dataset),
        on_alias=dataset.get("on_alias", "stop"),
        on_difference=dataset.get("on_difference", "stop"),
        drop=dataset.get("drop", ()) if dataset["kind"] == "local" else (),
        described=described,
        **{key: dataset[key] for key in ("control", "embedding", "min_cells", "genes", "heldout", "separator")},
    )
