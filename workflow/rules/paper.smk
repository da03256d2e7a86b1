# Scores to tables and figures: files that a reader opens.


localrules:
    collect,
    table1,
    figure1,
    figure2,
    richness,
    loss_curves,
    config_in_force,
    resources,
    versions,
    page,


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


rule figure1:
    output:
        pdf=f"{PAPER}/figure1.pdf",
        png=report(
            f"{PAPER}/figure1.png",
            caption="../report/figure1.rst",
            category=FIGURES,
            labels=labels("figure1"),
        ),
    log:
        "logs/figure1.log",
    benchmark:
        "results/benchmarks/figure1.tsv"
    conda:
        ENVIRONMENT
    params:
        version=1,
        config={key: config[key] for key in FIGURE1_SECTIONS},
    script:
        "../scripts/figure1.py"


rule figure2:
    input:
        scores=f"{PAPER}/figure2.scores.csv",
        published=PUBLISHED,
    output:
        pdf=f"{PAPER}/figure2.pdf",
        png=report(
            f"{PAPER}/figure2.png",
            caption="../report/figure2.rst",
            category=FIGURES,
            labels=labels("figure2"),
        ),
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


rule richness:
    input:
        scores=f"{PAPER}/figure2.scores.csv",
        richness=richness_files,
    output:
        csv=f"{PAPER}/richness.csv",
        pdf=f"{PAPER}/richness.pdf",
        png=report(
            f"{PAPER}/richness.png",
            caption="../report/richness.rst",
            category=FIGURES,
            labels=labels("richness"),
        ),
    log:
        "logs/richness.log",
    benchmark:
        "results/benchmarks/richness.tsv"
    conda:
        ENVIRONMENT
    params:
        version=1,
        runs=lambda wildcards: [vars(run) for run in richness_runs()],
        columns=config["paper"]["figure2"]["columns"],
        datasets=datasets_of("figure2"),
        decoders=list(config["decoders"]),
    script:
        "../scripts/richness.py"


rule loss_curves:
    input:
        losses=[f"{folder}/losses.csv" for folder in trainings()],
    output:
        plots=[
            report(
                f"{folder}/losses.png",
                caption="../report/losses.rst",
                category=CURVES,
                labels=training_labels(folder),
            )
            for folder in trainings()
        ],
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


rule resources:
    input:
        paper_files(),
    output:
        csv=f"{PAPER}/resources.csv",
        md=f"{PAPER}/resources.md",
    log:
        "logs/resources.log",
    benchmark:
        "results/benchmarks/resources.tsv"
    conda:
        ENVIRONMENT
    params:
        version=1,
        folder="results/benchmarks",
        order=lambda wildcards: [rule.name for rule in workflow.rules],
    script:
        "../scripts/resources.py"


rule versions:
    input:
        paper_files(),
    output:
        csv=f"{PAPER}/versions.csv",
        md=f"{PAPER}/versions.md",
    log:
        "logs/versions.log",
    benchmark:
        "results/benchmarks/versions.tsv"
    conda:
        ENVIRONMENT
    params:
        version=1,
    script:
        "../scripts/versions.py"


rule page:
    input:
        page_source,
    output:
        report(
            f"{PAPER}/{{page}}.html",
            caption="../report/page.rst",
            category=page_category,
            labels=lambda wildcards: labels(wildcards.page),
        ),
    log:
        "logs/page/{page}.log",
    benchmark:
        "results/benchmarks/page/{page}.tsv"
    conda:
        ENVIRONMENT
    params:
        version=1,
        title=lambda wildcards: labels(wildcards.page)["Result"],
    script:
        "../scripts/page.py"
