"""Score one run, once a seed: the distances of its cells from the true ones, and the effects that they show."""

from functools import partial
from pathlib import Path

from expressionvae.console import reporting

with reporting(snakemake.log[0]) as log:
    from expressionvae.evaluation import cell_types
    from expressionvae.evaluation.comparison import compared
    from expressionvae.evaluation.predictions import read_predicted
    from expressionvae.evaluation.truth import read_truth
    from expressionvae.files import digest
    from expressionvae.metrics.de import by_cell_type, read_de
    from expressionvae.metrics.effects import versions
    from expressionvae.metrics.identity import identity_scores
    from expressionvae.metrics.scores import (
        DISTRIBUTION_COLUMNS,
        EFFECT_COLUMNS,
        VARIANTS,
        distribution_scores,
        effect_scores,
        write_scores,
    )
    from expressionvae.provenance import fingerprint, source
    from expressionvae.resume import Pieces

    log.info(" ".join(f"{name}=={version}" for name, version in versions().items()))
    given, evaluation = snakemake.input, snakemake.params.evaluation
    truth = read_truth(given.truth)
    options = {key: evaluation[key] for key in ("components", "max_cells", "mmd_sigmas", "seed")}
    true = compared(truth, truth=truth, rescale_to=evaluation["rescale_to"])
    judges = cell_types.read(given.judges, truth=truth)
    wanted = truth.obs["cell_type"].to_numpy(dtype=str)
    epsilon = snakemake.params.fold_change_epsilon
    effects_of = {"fdr": evaluation["fdr"], "fold_change_epsilon": epsilon, "threads": snakemake.threads}
    shown = partial(effect_scores, de_true=by_cell_type(read_de(given.de)), **effects_of)
    sources = [digest(path, "sha256") for path in (given.truth, given.de, given.judges, *given.cells)]
    made_by = versions(), source("metrics", "evaluation"), snakemake.params.metrics, snakemake.params.version
    name = fingerprint(*sources, evaluation, epsilon, *made_by)
    pieces = Pieces(Path(snakemake.output.distribution[0]).parent / "unfinished", name)

    def distances(true, predicted):
        rows = distribution_scores(true, predicted, **options, variants=VARIANTS)
        return rows + identity_scores(true, predicted, wanted, judges)

    def table(path, score, columns, predicted):
        write_scores(score(true, predicted), path, columns=columns)

    outputs = (snakemake.output.distribution, snakemake.output.effects)
    for cells, distribution, effects in zip(given.cells, *outputs, strict=True):
        predicted = compared(read_predicted(cells, truth=truth), truth=truth, rescale_to=evaluation["rescale_to"])
        for output, score, columns in (
            (distribution, distances, DISTRIBUTION_COLUMNS),
            (effects, shown, EFFECT_COLUMNS),
        ):
            pieces.file(output, partial(table, score=score, columns=columns, predicted=predicted))
    pieces.forget()
