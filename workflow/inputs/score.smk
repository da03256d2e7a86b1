# What is scored, and by what.

from expressionvae.catalogue.metrics import METRICS


def predicted_cells(wildcards):
    return [f"{run.folder}/cells.h5ad" for run in grid.predicting_runs(config, wildcards.dataset)]
