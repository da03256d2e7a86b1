"""How much of a made-up screen's known effects each run recovers."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]) as log:
    import pandas as pd

    from expressionvae.evaluation.comparison import compared
    from expressionvae.evaluation.predictions import read_predicted
    from expressionvae.evaluation.truth import read_truth
    from expressionvae.files import written
    from expressionvae.metrics.recovery import of_each_type, true_effects

    scale = snakemake.params.rescale_to
    truth = read_truth(snakemake.input.truth)
    true = compared(truth, truth=truth, rescale_to=scale)
    effects = {
        name: true_effects(snakemake.input.effects, name, rescale_to=scale) for name in set(truth.obs["cell_type"])
    }
    rows = []
    for run, path in zip(snakemake.params.runs, snakemake.input.cells, strict=True):
        predicted = compared(read_predicted(path, truth=truth), truth=truth, rescale_to=scale)
        about = {key: run[key] for key in ("baseline", "prior", "decoder", "sample_seed")}
        rows.append(about | of_each_type(predicted, effects))
    rows.append({"baseline": "true cells"} | of_each_type(true, effects))
    table = pd.DataFrame(rows)
    with written(snakemake.output.scores) as temporary:
        table.to_csv(temporary, index=False)
    by_run = table.groupby(["baseline", "prior", "decoder"], dropna=False)
    log.info(by_run[["recovered", "specific"]].agg(["mean", "sem"]))
