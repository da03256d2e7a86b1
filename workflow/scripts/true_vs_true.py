"""What true cells score against other true cells: the floor of the distances, the ceiling of the effects."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.metrics.effects import versions
    from expressionvae.metrics.floor import ceiling, floor
    from expressionvae.metrics.scores import DISTRIBUTION_COLUMNS, EFFECT_COLUMNS, write_scores
    from expressionvae.metrics.space import compared, read_truth

    print(" ".join(f"{name}=={version}" for name, version in versions().items()))
    evaluation, seed = snakemake.params.evaluation, snakemake.params.seed
    truth = read_truth(snakemake.input.truth)
    true = compared(truth, truth=truth, rescale_to=evaluation["rescale_to"])
    distances = floor(
        true,
        components=evaluation["components"],
        max_cells=evaluation["max_cells"],
        mmd_sigmas=evaluation["mmd_sigmas"],
        seed=seed,
    )
    write_scores(distances, snakemake.output.distribution, columns=DISTRIBUTION_COLUMNS)
    effects = ceiling(true, fdr=evaluation["fdr"], seed=seed, threads=snakemake.threads)
    write_scores(effects, snakemake.output.effects, columns=EFFECT_COLUMNS)
