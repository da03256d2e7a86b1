# Scores to tables and figures: files that a reader opens.


localrules:
    score_table,
    settings_table,
    figure1,
    figure2,
    richness,
    parameters,
    claims,
    loss_curves,
    config_in_force,
    resources,
    versions,
    pages,


rule score_table:
    input:
        distribution=lambda wildcards: score_files("distribution", wildcards.item),
        effects=lambda wildcards: score_files("effects", wildcards.item),
        companion=lambda wildcards: companion_files(wildcards.item),
        published=PUBLISHED,
    output:
        **rendered("{item}", "csv", "md", "tex", "scores", "compared"),
    log:
        "logs/score_table/{item}.log",
    benchmark:
        "results/benchmarks/score_table/{item}.tsv"
    wildcard_constraints:
        item="|".join(SCORE_TABLES) or "(?!)",
    conda:
        ENVIRONMENT
    params:
        version=2,
        runs=lambda wildcards: run_records(wildcards.item),
        companion=lambda wildcards: [vars(run) for run in grid.companion_runs(config, wildcards.item)],
        libraries=grid.libraries(config),
        columns=lambda wildcards: config["paper"][wildcards.item]["columns"],
        datasets=lambda wildcards: grid.datasets(config, wildcards.item),
        baselines=lambda wildcards: config["paper"][wildcards.item].get("published_baselines", []),
        notes=lambda wildcards: notes_of(wildcards.item),
        bottlenecks=config["bottlenecks"],
        priors=config["priors"],
    script:
        "../scripts/score_table.py"


rule settings_table:
    input:
        published=PUBLISHED_SETTINGS,
    output:
        **rendered("{item}", "csv", "md", "tex"),
    log:
        "logs/settings_table/{item}.log",
    benchmark:
        "results/benchmarks/settings_table/{item}.tsv"
    wildcard_constraints:
        item="|".join(SETTINGS_TABLES),
    conda:
        ENVIRONMENT
    params:
        version=1,
        config={key: config[key] for key in SETTINGS_SECTIONS},
    script:
        "../scripts/settings_table.py"


rule figure1:
    output:
        pdf=f"{PAPER}/figure1.pdf",
        png=report(
            f"{PAPER}/figure1.png",
            caption="../report/figure1.rst",
            category=IN_FIGURES,
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
        distribution=score_files("distribution", "figure2"),
        effects=score_files("effects", "figure2"),
        published=PUBLISHED,
    output:
        **rendered("figure2", "pdf", "scores"),
        png=report(
            f"{PAPER}/figure2.png",
            caption="../report/figure2.rst",
            category=IN_FIGURES,
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
        runs=run_records("figure2"),
        columns=config["paper"]["figure2"]["columns"],
        datasets=grid.datasets(config, "figure2"),
        priors=grid.names(config, "figure2", "prior"),
        decoders=grid.names(config, "figure2", "decoder"),
        libraries=grid.libraries(config),
    script:
        "../scripts/figure2.py"


rule parameters:
    input:
        [file for _, file in grid.weight_files(config)],
    output:
        f"{PAPER}/parameters.csv",
    log:
        "logs/parameters.log",
    benchmark:
        "results/benchmarks/parameters.tsv"
    conda:
        ENVIRONMENT
    params:
        version=1,
        trainings=[about for about, _ in grid.weight_files(config)],
    script:
        "../scripts/parameters.py"


rule claims:
    input:
        codes=[file for _, file in grid.code_tables(config)],
        parameters=f"{PAPER}/parameters.csv",
        scores=[file for item in scored_items() for file in rendered(item, "scores").values()],
        coverage=coverage_files(),
        reversion=[f"{PAPER}/figure3.csv"] if grid.reversion_screens(config) else [],
        published=PUBLISHED,
    output:
        **rendered("claims", "csv", "md"),
    log:
        "logs/claims.log",
    benchmark:
        "results/benchmarks/claims.tsv"
    conda:
        ENVIRONMENT
    params:
        version=1,
        made_up=made_up(),
        codes_of=[about for about, _ in grid.code_tables(config)],
        coverage_of=grid.datasets(config),
    script:
        "../scripts/claims.py"


rule richness:
    input:
        distribution=score_files("distribution", "richness"),
        effects=score_files("effects", "richness"),
        richness=score_files("richness", "richness"),
    output:
        **rendered("richness", "csv", "pdf", "scores"),
        png=report(
            f"{PAPER}/richness.png",
            caption="../report/richness.rst",
            category=IN_FIGURES,
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
        runs=run_records("richness"),
        columns=config["paper"]["richness"]["columns"],
        datasets=grid.datasets(config, "richness"),
        decoders=grid.names(config, "richness", "decoder"),
    script:
        "../scripts/richness.py"


rule loss_curves:
    input:
        losses=[f"{folder}/losses.csv" for folder in grid.trainings(config)],
    output:
        plots=[
            report(
                f"{folder}/losses.png",
                caption="../report/losses.rst",
                category=IN_CURVES,
                labels=training_labels(folder),
            )
            for folder in grid.trainings(config)
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


rule pages:
    input:
        [page_source(page) for page in pages()],
    output:
        [
            report(
                f"{PAPER}/{page}.html",
                caption="../report/page.rst",
                category=page_category(page),
                labels=page_labels(page),
            )
            for page in pages()
        ],
    log:
        "logs/pages.log",
    benchmark:
        "results/benchmarks/pages.tsv"
    conda:
        ENVIRONMENT
    params:
        version=2,
        titles=[page_labels(page)["Result"] for page in pages()],
    script:
        "../scripts/pages.py"


rule plan:
    log:
        "logs/plan.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        config=config,
        snakefile=workflow.main_snakefile,
        planned=str(Path(workflow.basedir) / "workflow" / "planned.py"),
        table=str(RESOURCES / "costs.yaml"),
        downloads=DOWNLOADS,
        folder="results/benchmarks",
    script:
        "../scripts/plan.py"
