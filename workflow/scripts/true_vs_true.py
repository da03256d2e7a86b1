"""What true cells score against other true cells: the floor of the distances, the ceiling of the effects."""

from functools import partial
from pathlib import Path

from expressionvae.console import reporting

with reporting(snakemake.log[0]) as log:
    from expressionvae.evaluation.comparison import compared
    from expressionvae.evaluation.truth import read_truth
    from expressionvae.files import digest
    from expressionvae.metrics.effects import versions
    from expressionvae.metrics.floor import ceiling, floor
    from expressionvae.metrics.scores import DISTRIBUTION_COLUMNS, EFFECT_COLUMNS, write_scores
    from expressionvae.provenance import fingerprint
    from expressionvae.resume import Pieces

    log.info(" ".join(f"{name}=={version}" for name, version in versions().items()))
    evaluation = snakemake.params.evaluation
    truth = read_truth(snakemake.input.truth)
    true = compared(truth, truth=truth, rescale_to=evaluation["rescale_to"])
    options = {key: evaluation[key] for key in ("components", "max_cells", "mmd_sigmas")}
    epsilon = snakemake.params.fold_change_epsilon
    source = digest(snakemake.input.truth, "sha256")
    name = fingerprint(source, evaluation, epsilon, versions(), snakemake.params.version)
    pieces = Pieces(Path(snakemake.output.distribution[0]).parent / "unfinished", name)

    def table(path, score, columns):
        write_scores(score(true), path, columns=columns)

    outputs = (snakemake.params.seeds, snakemake.output.distribution, snakemake.output.effects)
    for seed, distribution, effects in zip(*outputs, strict=True):
        lowest = partial(floor, **options, seed=seed)
        effects_of = {"fdr": evaluation["fdr"], "fold_change_epsilon": epsilon, "threads": snakemake.threads}
        highest = partial(ceiling, **effects_of, seed=seed)
        pieces.file(distribution, partial(table, score=lowest, columns=DISTRIBUTION_COLUMNS))
        pieces.file(effects, partial(table, score=highest, columns=EFFECT_COLUMNS))
    pieces.forget()
