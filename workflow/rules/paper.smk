# Scores to tables and figures: files that a reader opens.


localrules:
    collect,
    table1,
    figure2,
    loss_curves,
    config_in_force,


rule collect:
    input:
        distribution=score_files("distribution"),
        effects=score_files("effects"),
    output:
        scores=f"{PAPER}/{{item}}.scores.csv",
    log:
        "logs/collect/{item}.log",
    benchmark:
        "results/benchmarks/collect/{item}.tsv"
    conda:
        ENVIRONMENT
    params:
        version=1,
        runs=run_records,
    script:
        "../scripts/collect.py"


rule table1:
    input:
        scores=f"{PAPER}/table1.scores.csv",
        published=PUBLISHED,
    output:
        csv=f"{PAPER}/table1.csv",
        md=f"{PAPER}/table1.md",
        tex=f"{PAPER}/table1.tex",
    log:
        "logs/table1.log",
    benchmark:
        "results/benchmarks/table1.tsv"
    conda:
        ENVIRONMENT
    params:
        version=1,
        columns=config["paper"]["table1"]["columns"],
        datasets=datasets_of("table1"),
        baselines=config["paper"]["table1"]["published_baselines"],
        notes=notes_of("table1"),
    script:
        "../scripts/table1.py"


rule figure2:
    input:
        scores=f"{PAPER}/figure2.scores.csv",
        published=PUBLISHED,
    output:
        pdf=f"{PAPER}/figure2.pdf",
        png=f"{PAPER}/figure2.png",
    log:
        "logs/figure2.log",
    benchmark:
        "results/benchmarks/figure2.tsv"
    conda:
        ENVIRONMENT
    params:
        version=1,
        columns=config["paper"]["figure2"]["columns"],
        datasets=datasets_of("figure2"),
        priors=names_of("figure2", "prior"),
        decoders=names_of("figure2", "decoder"),
    script:
        "../scripts/figure2.py"


rule loss_curves:
    input:
        losses=[f"{folder}/losses.csv" for folder in trainings()],
    output:
        plots=[f"{folder}/losses.png" for folder in trainings()],
    log:
        "logs/loss_curves.log",
    benchmark:
        "results/benchmarks/loss_curves.tsv"
    conda:
        ENVIRONMENT
    params:
        version=1,
    script:
        "../scripts/loss_curves.py"


rule config_in_force:
    output:
        "results/config.yaml",
    log:
        "logs/config_in_force.log",
    benchmark:
        "results/benchmarks/config_in_force.tsv"
    conda:
        ENVIRONMENT
    params:
        version=1,
        config=config,
    script:
        "../scripts/config_in_force.py"
