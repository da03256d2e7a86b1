# Which training cell types are left out in turn, and with which runs.


def left_out_number(wildcards):
    """How many cell types of a screen turned out to be left out: known once the screen has been read."""
    with checkpoints.left_out.get(**wildcards).output[0].open() as file:  # it may lie in a store
        return max(0, len(file.read().splitlines()) - 1)


def left_out_runs(wildcards):
    groups = left_out.runs(config, wildcards.dataset)
    return [run for group in groups[: left_out_number(wildcards)] for run in group]


def left_out_scores(kind):
    return lambda wildcards: [f"{run.folder}/{kind}.csv" for run in left_out_runs(wildcards)]
