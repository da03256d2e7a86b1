# The reversion benchmark: frozen encoders on a screen that no training has seen.


rule simulate_reversion:
    output:
        screen="results/{reversion}/reversion.h5ad",
    log:
        "logs/simulate_reversion/{reversion}.log",
    benchmark:
        "results/benchmarks/simulate_reversion/{reversion}.tsv"
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
        "logs/slice_reversion/{dataset}/{reversion}.log",
    benchmark:
        "results/benchmarks/slice_reversion/{dataset}/{reversion}.tsv"
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
        "logs/reversion/{dataset}/{bottleneck}/{head}/vae-{vae_seed}/{reversion}.log",
    benchmark:
        "results/benchmarks/reversion/{dataset}/{bottleneck}/{head}/vae-{vae_seed}/{reversion}.tsv"
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
        "logs/reversion_references/{dataset}/{reversion}.log",
    benchmark:
        "results/benchmarks/reversion_references/{dataset}/{reversion}.tsv"
    conda:
        ENVIRONMENT
    params:
        version=3,
        options=reversion_options(),
        components=config["reversion"]["components"],
    script:
        "../scripts/reversion_references.py"


localrules:
    figure3,


rule figure3:
    input:
        scores=[path for _, path in grid.reversion_scores(config)],
        published=PUBLISHED,
    output:
        pdf=f"{PAPER}/figure3.pdf",
        png=report(
            f"{PAPER}/figure3.png",
            caption="../report/figure3.rst",
            category=IN_FIGURES,
            labels=labels("figure3"),
        ),
        csv=f"{PAPER}/figure3.csv",
        md=f"{PAPER}/figure3.md",
    log:
        "logs/figure3.log",
    benchmark:
        "results/benchmarks/figure3.tsv"
    conda:
        ENVIRONMENT
    params:
        version=2,
        about=[about for about, _ in grid.reversion_scores(config)],
        screens=reversion_notes(),
        notes={name: config["datasets"][name].get("note", "") for name in grid.reversion_datasets(config)},
    script:
        "../scripts/figure3.py"
