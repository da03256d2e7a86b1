# Predicted cells against true cells: the same rules for every run, a model's or a baseline's.


include: "../inputs/score.smk"


ruleorder: true_vs_true > score


rule truth_de:
    input:
        truth=f"{SCREEN}/truth.h5ad",
    output:
        de=f"{SCREEN}/truth_de.parquet",
    log:
        log_of("truth_de", SCREEN),
    benchmark:
        benchmark_of("truth_de", SCREEN)
    conda:
        ENVIRONMENT
    params:
        version=2,
        evaluation=evaluation_part("rescale_to"),
        fold_change_epsilon=fold_change_epsilon,
    script:
        "../scripts/truth_de.py"


rule bin_coverage:
    input:
        truth=f"{SCREEN}/truth.h5ad",
        de=f"{SCREEN}/truth_de.parquet",
        bins=f"{SCREEN}/bins.json",
    output:
        f"{SCREEN}/bin_coverage.json",
    log:
        log_of("bin_coverage", SCREEN),
    benchmark:
        benchmark_of("bin_coverage", SCREEN)
    conda:
        ENVIRONMENT
    params:
        version=2,
        top_degs=config["evaluation"]["top_degs"],
        fdr=config["evaluation"]["fdr"],
    script:
        "../scripts/bin_coverage.py"


rule cell_types:
    input:
        train=f"{SCREEN}/train.h5ad",
        truth=f"{SCREEN}/truth.h5ad",
    output:
        judges=f"{SCREEN}/cell_types.npz",
    log:
        log_of("cell_types", SCREEN),
    benchmark:
        benchmark_of("cell_types", SCREEN)
    conda:
        ENVIRONMENT
    params:
        version=1,
        evaluation=evaluation_part("rescale_to", "identity", "seed"),
    script:
        "../scripts/cell_types.py"


rule score:
    input:
        truth=f"{SCREEN}/truth.h5ad",
        judges=f"{SCREEN}/cell_types.npz",
        de=f"{SCREEN}/truth_de.parquet",
        cells=each_seed(f"{RUN}/cells.h5ad"),
    output:
        distribution=each_seed(f"{RUN}/distribution.csv"),
        effects=each_seed(f"{RUN}/effects.csv"),
    log:
        log_of("score", f"{SCREEN}/{{run}}"),
    benchmark:
        benchmark_of("score", f"{SCREEN}/{{run}}")
    conda:
        ENVIRONMENT
    params:
        version=3,
        metrics=sorted(METRICS),  # a new one scores again
        evaluation=evaluation_part("rescale_to", "components", "max_cells", "mmd_sigmas", "fdr", "seed"),
        fold_change_epsilon=fold_change_epsilon,
    script:
        "../scripts/score.py"


rule true_vs_true:
    input:
        truth=f"{SCREEN}/truth.h5ad",
        judges=f"{SCREEN}/cell_types.npz",
    output:
        distribution=each_seed(f"{TRUE}/distribution.csv"),
        effects=each_seed(f"{TRUE}/effects.csv"),
    log:
        log_of("true_vs_true", SCREEN),
    benchmark:
        benchmark_of("true_vs_true", SCREEN)
    conda:
        ENVIRONMENT
    params:
        version=3,
        metrics=sorted(METRICS),  # a new one scores again
        evaluation=evaluation_part("rescale_to", "components", "max_cells", "mmd_sigmas", "fdr"),
        fold_change_epsilon=fold_change_epsilon,
        seeds=SAMPLES,
    script:
        "../scripts/true_vs_true.py"


rule recovery:
    input:
        truth=f"{SCREEN}/truth.h5ad",
        effects=f"{SCREEN}/effects.npz",
        cells=predicted_cells,
    output:
        scores=f"{SCREEN}/recovery.csv",
    log:
        log_of("recovery", SCREEN),
    benchmark:
        benchmark_of("recovery", SCREEN)
    wildcard_constraints:
        dataset=of_kind("made-up"),
    conda:
        ENVIRONMENT
    params:
        version=1,
        rescale_to=config["evaluation"]["rescale_to"],
        runs=lambda wildcards: [vars(run) for run in grid.predicting_runs(config, wildcards.dataset)],
    script:
        "../scripts/recovery.py"
