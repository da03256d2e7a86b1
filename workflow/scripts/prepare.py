"""Training cells and held-out cells of a screen."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data.screen import Columns
    from expressionvae.data.split import prepare, published

    dataset = snakemake.params.dataset
    if "heldout" not in dataset:  # the paper's own screens carry the list of their split file
        dataset = dataset | {"heldout": published(snakemake.input.screen), "genes": None}
    prepare(
        snakemake.input.screen,
        snakemake.output.train,
        snakemake.output.heldout,
        name=snakemake.params.name,
        columns=Columns.of(dataset),
        **{key: dataset[key] for key in ("control", "embedding", "min_cells", "genes", "heldout")},
        on_difference=dataset.get("on_difference", "stop"),
    )
