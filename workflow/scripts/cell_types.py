"""Fit the classifiers that say of which cell type true and predicted cells are."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]) as log:
    from expressionvae.data import prepared
    from expressionvae.evaluation import cell_types
    from expressionvae.evaluation.truth import read_truth

    evaluation = snakemake.params.evaluation
    train = prepared.whole(snakemake.input.train, "the training cells")
    judges = cell_types.fit(
        train,
        read_truth(snakemake.input.truth),
        rescale_to=evaluation["rescale_to"],
        **evaluation["identity"],
        seed=evaluation["seed"],
    )
    cell_types.save(judges, snakemake.output.judges)
    log.info(f"{len(judges.types)} cell types: {', '.join(judges.types)}")
