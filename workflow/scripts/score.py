"""Score one run, once a seed: the distances of its cells from the true ones, and the effects that they show."""

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
    options = {key: evaluation[key] for key in ("components", "max_cells", "mmd_sigmas", "seed")}
    true = compared(truth, truth=truth, rescale_to=evaluation["rescale_to"])
    de_true = read_de(snakemake.input.de)
    files = (snakemake.input.cells, snakemake.output.distribution, snakemake.output.effects)
    for cells, distribution, effects in zip(*files, strict=True):
        predicted = compared(read_predicted(cells, truth=truth), truth=truth, rescale_to=evaluation["rescale_to"])
        distances = distribution_scores(true, predicted, **options, variants=VARIANTS)
        scores = effect_scores(true, predicted, de_true=de_true, fdr=evaluation["fdr"], threads=snakemake.threads)
        write_scores(distances, distribution, columns=DISTRIBUTION_COLUMNS)
        write_scores(scores, effects, columns=EFFECT_COLUMNS)
