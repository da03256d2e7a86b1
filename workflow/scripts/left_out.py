"""The training cell types that are left out in turn, and the perturbations that are held out in each."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import left_out

    source, p = snakemake.input, snakemake.params
    chosen = left_out.choose(source.train, source.heldout, number=p.cell_types, min_cells=p.dataset["min_cells"])
    left_out.save(snakemake.output[0], chosen)
