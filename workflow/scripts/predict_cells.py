"""Predict the cells of a pair with each training of a model and each sampling seed, and the effects that they show."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.data import prepared
    from expressionvae.evaluation.baselines import Training
    from expressionvae.prediction import asked, cells, effects, identity
    from expressionvae.prediction.trained import Trained
    from expressionvae.proteins.perturbations import Perturbations
    from expressionvae.provenance import describe
    from expressionvae.training import device

    given, p, w = snakemake.input, snakemake.params, snakemake.wildcards
    device.use_threads(snakemake.config["threads"])
    row = asked.row(given.pairs, p.folder.format(**w))
    train = prepared.whole(given.train, "the training cells")
    controls = Training(train, rescale_to=p.rescale_to)
    pair = cells.Asked.of(row, controls)
    judges = identity.read(given.judges, genes=train.var_names.tolist())
    way = cells.Way(p.rule, p.draws, p.sampling, p.batch_size, controls)
    parts, shares = [], []
    for name, *files in zip(p.trainings, given.vae, given.latents, given.prior, strict=True):
        model = Trained.load(*files)
        model.require_screen(train, given.train)
        if given.get("vectors"):
            vectors, trained = (Perturbations.load(path) for path in (given.vectors, given.perturbations))
            model = model.knowing(pair.perturbation, vectors, trained, given.perturbations)
        for seed in p.seeds:
            found, share = identity.of_model(model, judges, pair, way, rescale_to=p.rescale_to, seed=seed)
            parts.append(cells.Part(name, seed, found))
            shares.append((name, seed, share))
    identity.write(identity.rows(shares), snakemake.output.identity)
    about = {"rule": p.rule, "head": model.head, "provenance": describe(snakemake.config)}
    options = {"scale": cells.scale_of(model.head, p.rule), "rescale_to": p.rescale_to, "about": about}
    made = cells.assembled(parts, pair, model.genes, **options, path=snakemake.output.cells)
    paths = {"cells_path": snakemake.output.cells, "effects_path": snakemake.output.effects}
    effects.write_beside(made, controls, pair.cell_type, epsilon=p.epsilon, threads=snakemake.threads, **paths)
