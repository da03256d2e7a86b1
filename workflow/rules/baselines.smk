# Predictions by others. A baseline is a folder `baselines/{name}-{seed}` with a cells.h5ad:
# a further author's model is one more rule with this output, and is scored like every other run.


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
