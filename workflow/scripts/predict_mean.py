"""Predict the cells of a pair as PerturbMean does, with each sampling seed, and the effects that they show."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.catalogue.baselines import PERTURB_MEAN
    from expressionvae.data import prepared
    from expressionvae.evaluation.baselines import Training
    from expressionvae.prediction import asked, cells, effects, identity
    from expressionvae.provenance import describe

    given, p, w = snakemake.input, snakemake.params, snakemake.wildcards
    row = asked.row(given.pairs, p.folder.format(**w))
    train = prepared.whole(given.train, "the training cells")
    training = Training(train, rescale_to=p.rescale_to)
    pair = cells.Asked.of(row, training)
    parts = [cells.Part(PERTURB_MEAN, seed, cells.perturb_mean_cells(training, pair, seed=seed)) for seed in p.seeds]
    judges = identity.read(given.judges, genes=train.var_names.tolist())
    shares = [
        (one.training, one.draw, identity.of_cells(one.cells, judges, pair, rescale_to=p.rescale_to)) for one in parts
    ]
    identity.write(identity.rows(shares), snakemake.output.identity)
    about = {"baseline": PERTURB_MEAN, "provenance": describe(snakemake.config)}
    options = {"scale": cells.scale_of_perturb_mean(p.rescale_to), "rescale_to": p.rescale_to, "about": about}
    made = cells.assembled(parts, pair, train.var_names.tolist(), **options, path=snakemake.output.cells)
    paths = {"cells_path": snakemake.output.cells, "effects_path": snakemake.output.effects}
    effects.write_beside(made, training, pair.cell_type, epsilon=p.epsilon, threads=snakemake.threads, **paths)
