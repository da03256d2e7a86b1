# A screen's counts on their way to training cells, held-out cells and bins.


include: "../inputs/data.smk"


rule prepare:
    input:
        unpack(sequences_if_embedded),
        unpack(cell_type_if_left_out),
        screen=screen_source,
    output:
        train=f"{SCREEN}/train.h5ad",
        heldout=f"{SCREEN}/heldout.h5ad",
    log:
        log_of("prepare", SCREEN),
    benchmark:
        benchmark_of("prepare", SCREEN)
    conda:
        ENVIRONMENT
    params:
        version=4,
        dataset=lambda wildcards: work.without(dataset_config(wildcards), "note", "path", "proteins", "simulation"),
        screen=lambda wildcards: work.version(screen_source(wildcards)),
        symbol_map=lambda wildcards, output: SYMBOLS,
        name="{dataset}",
    script:
        "../scripts/prepare.py"


rule truth:
    input:
        train=f"{SCREEN}/train.h5ad",
        heldout=f"{SCREEN}/heldout.h5ad",
    output:
        truth=f"{SCREEN}/truth.h5ad",
        query=f"{SCREEN}/query.csv",
    log:
        log_of("truth", SCREEN),
    benchmark:
        benchmark_of("truth", SCREEN)
    conda:
        ENVIRONMENT
    params:
        version=2,
        evaluation=evaluation_part("cells_per_perturbation", "controls", "seed"),
    script:
        "../scripts/truth.py"


rule fit_bins:
    input:
        train=f"{SCREEN}/train.h5ad",
    output:
        bins=f"{SCREEN}/bins.json",
    log:
        log_of("fit_bins", SCREEN),
    benchmark:
        benchmark_of("fit_bins", SCREEN)
    conda:
        ENVIRONMENT
    params:
        version=1,
        lower=config["bins"]["lower"],
    script:
        "../scripts/fit_bins.py"
