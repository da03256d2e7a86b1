"""Score one run: the distances of its cells from the true ones, and the effects that they show."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.metrics.de import read_de
    from expressionvae.metrics.effects import versions
    from expressionvae.metrics.scores import (
        DISTRIBUTION_COLUMNS,
        EFFECT_COLUMNS,
        VARIANTS,
        distribution_scores,
        effect_scores,
        write_scores,
    )
    from expressionvae.metrics.space import compared, read_predicted, read_truth

    print(" ".join(f"{name}=={version}" for name, version in versions().items()))
    evaluation = snakemake.params.evaluation
    truth = read_truth(snakemake.input.truth)
    predicted = read_predicted(snakemake.input.cells, truth=truth)
    pair = [compared(cells, truth=truth, rescale_to=evaluation["rescale_to"]) for cells in (truth, predicted)]
    options = {key: evaluation[key] for key in ("components", "max_cells", "mmd_sigmas", "seed")}
    distances = distribution_scores(*pair, **options, variants=VARIANTS)
    de_true = read_de(snakemake.input.de)
    effects = effect_scores(*pair, de_true=de_true, fdr=evaluation["fdr"], threads=snakemake.threads)
    write_scores(distances, snakemake.output.distribution, columns=DISTRIBUTION_COLUMNS)
    write_scores(effects, snakemake.output.effects, columns=EFFECT_COLUMNS)
