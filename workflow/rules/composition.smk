# Leave-one-context-out: what each run makes of combinations of training cell types that it has not seen.


include: "../inputs/composition.smk"


checkpoint left_out:
    input:
        train=f"{SCREEN}/train.h5ad",
        heldout=f"{SCREEN}/heldout.h5ad",
    output:
        f"{SCREEN}/left_out.csv",
    log:
        log_of("left_out", SCREEN),
    conda:
        ENVIRONMENT
    params:
        version=1,
        cell_types=config["composition"]["cell_types"],
        dataset=dataset_part("min_cells"),
    script:
        "../scripts/left_out.py"


rule composition:
    input:
        left_out=f"{SCREEN}/left_out.csv",
        distribution=left_out_scores("distribution"),
        effects=left_out_scores("effects"),
    output:
        f"{SCREEN}/composition.csv",
    log:
        log_of("composition", SCREEN),
    conda:
        ENVIRONMENT
    params:
        version=2,
        runs=lambda wildcards: [vars(run) for group in left_out.runs(config, wildcards.dataset) for run in group],
    script:
        "../scripts/composition.py"
