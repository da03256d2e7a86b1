"""Score one run, once a seed: the distances of its cells from the true ones, and the effects that they show."""

from functools import partial

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.metrics.de import read_de
    from expressionvae.metrics.effects import versions
    from expressionvae.metrics.kept import Kept
    from expressionvae.metrics.scores import (
        DISTRIBUTION_COLUMNS,
        EFFECT_COLUMNS,
        VARIANTS,
        distribution_scores,
        effect_scores,
    )
    from expressionvae.metrics.space import compared, read_predicted, read_truth

    print(" ".join(f"{name}=={version}" for name, version in versions().items()))
    given, evaluation = snakemake.input, snakemake.params.evaluation
    truth = read_truth(given.truth)
    options = {key: evaluation[key] for key in ("components", "max_cells", "mmd_sigmas", "seed")}
    true = compared(truth, truth=truth, rescale_to=evaluation["rescale_to"])
    distances = partial(distribution_scores, **options, variants=VARIANTS)
    epsilon = snakemake.params.fold_change_epsilon
    effects_of = {"fdr": evaluation["fdr"], "fold_change_epsilon": epsilon, "threads": snakemake.threads}
    shown = partial(effect_scores, de_true=read_de(given.de), **effects_of)
    kept = Kept([given.truth, given.de, *given.cells], evaluation, epsilon, versions(), snakemake.params.version)
    outputs = (snakemake.output.distribution, snakemake.output.effects)
    for cells, distribution, effects in zip(given.cells, *outputs, strict=True):
        predicted = compared(read_predicted(cells, truth=truth), truth=truth, rescale_to=evaluation["rescale_to"])
        kept.write(distribution, distances, true, predicted, columns=DISTRIBUTION_COLUMNS)
        kept.write(effects, shown, true, predicted, columns=EFFECT_COLUMNS)
    kept.forget()
