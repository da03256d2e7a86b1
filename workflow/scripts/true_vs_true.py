"""What true cells score against other true cells: the floor of the distances, the ceiling of the effects."""

from functools import partial

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.metrics.effects import versions
    from expressionvae.metrics.floor import ceiling, floor
    from expressionvae.metrics.kept import Kept
    from expressionvae.metrics.scores import DISTRIBUTION_COLUMNS, EFFECT_COLUMNS
    from expressionvae.metrics.space import compared, read_truth

    print(" ".join(f"{name}=={version}" for name, version in versions().items()))
    evaluation = snakemake.params.evaluation
    truth = read_truth(snakemake.input.truth)
    true = compared(truth, truth=truth, rescale_to=evaluation["rescale_to"])
    options = {key: evaluation[key] for key in ("components", "max_cells", "mmd_sigmas")}
    kept = Kept([snakemake.input.truth], evaluation, versions(), snakemake.params.version)
    outputs = (snakemake.params.seeds, snakemake.output.distribution, snakemake.output.effects)
    for seed, distribution, effects in zip(*outputs, strict=True):
        lowest = partial(floor, **options, seed=seed)
        highest = partial(ceiling, fdr=evaluation["fdr"], seed=seed, threads=snakemake.threads)
        kept.write(distribution, lowest, true, columns=DISTRIBUTION_COLUMNS)
        kept.write(effects, highest, true, columns=EFFECT_COLUMNS)
    kept.forget()
