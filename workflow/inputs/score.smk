# What is scored.


def predicted_cells(wildcards):
    return [f"{run.folder}/cells.h5ad" for run in grid.predicting_runs(config, wildcards.dataset)]
