"""Predict the cells of a pair as PerturbMean does, with each sampling seed, and the effects that they show."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import prepared
    from expressionvae.evaluation.baselines import Training
    from expressionvae.prediction import asked, cells, effects
    from expressionvae.provenance import describe

    given, p, w = snakemake.input, snakemake.params, snakemake.wildcards
    row = asked.row(given.pairs, p.folder.format(**w))
    train = prepared.whole(given.train, "the training cells")
    training = Training(train, rescale_to=p.rescale_to)
    pair = cells.Asked(row["cell_type"], row["perturbation"], int(row["cells"]), training.control)
    parts = [cells.Part("perturb-mean", seed, cells.perturb_mean_cells(training, pair, seed=seed)) for seed in p.seeds]
    about = {"baseline": "perturb-mean", "provenance": describe(snakemake.config)}
    options = {"scale": cells.scale_of_perturb_mean(p.rescale_to), "rescale_to": p.rescale_to, "about": about}
    made = cells.assembled(parts, pair, train.var_names.tolist(), **options, path=snakemake.output.cells)
    real = training.log_normal(training.controls(pair.cell_type))
    rows = effects.effects(made, real, epsilon=p.epsilon, threads=snakemake.threads)
    cells.write(snakemake.output.cells, made)
    effects.save(rows, snakemake.output.effects)
