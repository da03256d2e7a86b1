# Predictions without a model, by the folders that runs have: `baselines/{name}-{seed}/cells.h5ad`. They are scored like every
# other run; a name is known to the config when it has a card in `catalogue/baselines.py`.


rule baseline:
    input:
        train=f"{SCREEN}/train.h5ad",
        query=f"{SCREEN}/query.csv",
    output:
        cells=each_seed(f"{BASELINE}/cells.h5ad"),
    log:
        log_of("baseline", f"{SCREEN}/{{baseline}}"),
    benchmark:
        benchmark_of("baseline", f"{SCREEN}/{{baseline}}")
    wildcard_constraints:
        baseline="control|perturb-mean",
    conda:
        ENVIRONMENT
    params:
        version=2,
        seeds=SAMPLES,
        evaluation=evaluation_part("rescale_to"),
    script:
        "../scripts/baseline.py"
