"""How much of a made-up screen's known effects each run recovers."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]) as log:
    import pandas as pd

    from expressionvae.evaluation.comparison import compared
    from expressionvae.evaluation.predictions import read_predicted
    from expressionvae.evaluation.truth import read_truth
    from expressionvae.files import written
    from expressionvae.metrics.recovery import recovered, shifts, specific, true_effects

    scale = snakemake.params.rescale_to
    truth = read_truth(snakemake.input.truth)
    effects = true_effects(snakemake.input.effects, str(truth.uns["screen"]["heldout_cell_types"][0]), rescale_to=scale)
    rows = []
    for run, path in zip(snakemake.params.runs, snakemake.input.cells, strict=True):
        predicted = shifts(compared(read_predicted(path, truth=truth), truth=truth, rescale_to=scale))
        scores = {"recovered": recovered(predicted, effects), "specific": specific(predicted, effects)}
        rows.append({key: run[key] for key in ("baseline", "prior", "decoder", "sample_seed")} | scores)
    true_cells = shifts(compared(truth, truth=truth, rescale_to=scale))
    rows.append(
        {
            "baseline": "true cells",
            "recovered": recovered(true_cells, effects),
            "specific": specific(true_cells, effects),
        }
    )
    table = pd.DataFrame(rows)
    with written(snakemake.output.scores) as temporary:
        table.to_csv(temporary, index=False)
    by_run = table.groupby(["baseline", "prior", "decoder"], dropna=False)
    log.info(by_run[["recovered", "specific"]].agg(["mean", "sem"]))
