"""One vector a perturbation as other authors' baselines read them."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import prepared
    from expressionvae.evaluation.contract import save_vectors
    from expressionvae.proteins.perturbations import Perturbations

    table = Perturbations.load(snakemake.input.perturbations)
    with prepared.opened(snakemake.input.train, "the training cells") as train:
        control = str(train.about("screen")["control"])  # as the file spells it, which the config need not
    save_vectors(snakemake.output.perturbations, table.labels, table.embedding, control=control)
