"""Fit the classifiers that say of which cell type predicted cells are, on a screen's controls."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]) as log:
    from expressionvae.data import prepared
    from expressionvae.evaluation import cell_types
    from expressionvae.prediction import identity

    evaluation = snakemake.params.evaluation
    train = prepared.whole(snakemake.input.train, "the training cells")
    how = {"rescale_to": evaluation["rescale_to"], "seed": evaluation["seed"]}
    judges = identity.fit(train, **evaluation["identity"], **how)
    cell_types.save(judges, snakemake.output.judges)
    shares = ", ".join(f"{name} {share:.3f}" for name, share in zip(judges.types, judges.own, strict=True))
    log.info(f"share of real controls called of their own type by a classifier that has not seen them: {shares}")
