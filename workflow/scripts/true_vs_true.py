"""What true cells score against other true cells: the floor of the distances, the ceiling of the effects."""

from functools import partial
from pathlib import Path

from expressionvae.console import reporting

with reporting(snakemake.log[0]) as log:
    from expressionvae.evaluation import cell_types
    from expressionvae.evaluation.comparison import compared
    from expressionvae.evaluation.truth import read_truth
    from expressionvae.files import digest
    from expressionvae.metrics.effects import versions
    from expressionvae.metrics.floor import ceiling, floor
    from expressionvae.metrics.identity import identity_scores
    from expressionvae.metrics.scores import DISTRIBUTION_COLUMNS, EFFECT_COLUMNS, write_scores
    from expressionvae.provenance import fingerprint, source
    from expressionvae.resume import Pieces

    log.info(" ".join(f"{name}=={version}" for name, version in versions().items()))
    evaluation = snakemake.params.evaluation
    truth = read_truth(snakemake.input.truth)
    true = compared(truth, truth=truth, rescale_to=evaluation["rescale_to"])
    options = {key: evaluation[key] for key in ("components", "max_cells", "mmd_sigmas")}
    epsilon = snakemake.params.fold_change_epsilon
    judges = cell_types.read(snakemake.input.judges, truth=truth)
    wanted = truth.obs["cell_type"].to_numpy(dtype=str)
    sources = [digest(path, "sha256") for path in (snakemake.input.truth, snakemake.input.judges)]
    made_by = versions(), source("metrics", "evaluation"), snakemake.params.metrics, snakemake.params.version
    name = fingerprint(*sources, evaluation, epsilon, *made_by)
    pieces = Pieces(Path(snakemake.output.distribution[0]).parent / "unfinished", name)

    def lowest(true, seed):
        return floor(true, **options, seed=seed) + identity_scores(true, true, wanted, judges)

    def table(path, score, columns):
        write_scores(score(true), path, columns=columns)

    outputs = (snakemake.params.seeds, snakemake.output.distribution, snakemake.output.effects)
    for seed, distribution, effects in zip(*outputs, strict=True):
        effects_of = {"fdr": evaluation["fdr"], "fold_change_epsilon": epsilon, "threads": snakemake.threads}
        highest = partial(ceiling, **effects_of, seed=seed)
        pieces.file(distribution, partial(table, score=partial(lowest, seed=seed), columns=DISTRIBUTION_COLUMNS))
        pieces.file(effects, partial(table, score=highest, columns=EFFECT_COLUMNS))
    pieces.forget()
