"""One vector a perturbation as other authors' baselines read them."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.evaluation.contract import save_vectors
    from expressionvae.proteins.perturbations import Perturbations

    table = Perturbations.load(snakemake.input.perturbations)
    control = snakemake.params.dataset["control"]
    save_vectors(snakemake.output.perturbations, table.labels, table.embedding, control=control)
