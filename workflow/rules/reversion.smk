# The reversion benchmark: frozen encoders on a screen that no training has seen.


include: "../inputs/reversion.smk"


rule simulate_reversion:
    output:
        screen="results/{reversion}/reversion.h5ad",
    log:
        log_of("simulate_reversion", "{reversion}"),
    benchmark:
        benchmark_of("simulate_reversion", "{reversion}")
    wildcard_constraints:
        reversion=of_reversion_kind("made-up"),
    conda:
        ENVIRONMENT
    params:
        version=1,
        simulation=lambda wildcards: work.ordered(reversion_config(wildcards)["simulation"]),
        training=made_up_training,
    script:
        "../scripts/simulate_reversion.py"


rule slice_reversion:
    input:
        screen=reversion_source,
        train=f"{SCREEN}/train.h5ad",
    output:
        screen=f"{SCREEN}/reversion-{{reversion}}.h5ad",
    log:
        log_of("slice_reversion", f"{SCREEN}/{{reversion}}"),
    benchmark:
        benchmark_of("slice_reversion", f"{SCREEN}/{{reversion}}")
    conda:
        ENVIRONMENT
    params:
        version=3,
        screen=reversion_labels,
        stated=reversion_stated,
        file=lambda wildcards: work.version(reversion_source(wildcards)),
        symbol_map=lambda wildcards, output: SYMBOLS,
    script:
        "../scripts/slice_reversion.py"


rule reversion:
    input:
        screen=f"{SCREEN}/reversion-{{reversion}}.h5ad",
        model=f"{VAE}/vae.pt",
    output:
        scores=f"{VAE}/reversion-{{reversion}}.csv",
        targets=f"{VAE}/reversion-{{reversion}}.targets.csv",
    log:
        log_of("reversion", f"{VAE}/{{reversion}}"),
    benchmark:
        benchmark_of("reversion", f"{VAE}/{{reversion}}")
    conda:
        ENVIRONMENT
    threads: config["threads"]
    params:
        version=3,
        options=reversion_options(),
        batch_size=config["batch_size"],
    script:
        "../scripts/reversion.py"


rule reversion_references:
    input:
        screen=f"{SCREEN}/reversion-{{reversion}}.h5ad",
        train=f"{SCREEN}/train.h5ad",
    output:
        scores=f"{SCREEN}/reversion-{{reversion}}.csv",
        targets=f"{SCREEN}/reversion-{{reversion}}.targets.csv",
    log:
        log_of("reversion_references", f"{SCREEN}/{{reversion}}"),
    benchmark:
        benchmark_of("reversion_references", f"{SCREEN}/{{reversion}}")
    conda:
        ENVIRONMENT
    params:
        version=3,
        options=reversion_options(),
        components=config["reversion"]["components"],
    script:
        "../scripts/reversion_references.py"
