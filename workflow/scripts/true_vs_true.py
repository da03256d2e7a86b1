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
    epsilon = snakemake.params.fold_change_epsilon
    kept = Kept([snakemake.input.truth], evaluation, epsilon, versions(), snakemake.params.version)
    outputs = (snakemake.params.seeds, snakemake.output.distribution, snakemake.output.effects)
    for seed, distribution, effects in zip(*outputs, strict=True):
        lowest = partial(floor, **options, seed=seed)
        effects_of = {"fdr": evaluation["fdr"], "fold_change_epsilon": epsilon, "threads": snakemake.threads}
        highest = partial(ceiling, **effects_of, seed=seed)
        kept.write(distribution, lowest, true, columns=DISTRIBUTION_COLUMNS)
        kept.write(effects, highest, true, columns=EFFECT_COLUMNS)
    kept.forget()
