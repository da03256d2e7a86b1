# Scores to tables, figures and claims: files that a reader opens.


include: "../inputs/paper.smk"


localrules:
    score_table,
    score_table_of_ours,
    settings_table,
    figure1,
    figure2,
    figure3,
    richness,
    parameters,
    claims,


rule score_table:
    input:
        distribution=lambda wildcards: score_files("distribution", wildcards.item),
        effects=lambda wildcards: score_files("effects", wildcards.item),
        companion=lambda wildcards: companion_files(wildcards.item),
        left_out=lambda wildcards: [f"results/{name}/composition.csv" for name in left_out_beside(wildcards.item)],
        published=PUBLISHED,
    output:
        **rendered("{item}", "csv", "md", "tex", "scores.csv", *COMPARED),
    log:
        log_of("score_table", "{item}"),
    benchmark:
        benchmark_of("score_table", "{item}")
    wildcard_constraints:
        item=tables(printed=True),
    conda:
        ENVIRONMENT
    params:
        version=4,
        runs=lambda wildcards: run_records(wildcards.item),
        left_out=lambda wildcards: left_out_beside(wildcards.item),
        companion=lambda wildcards: [vars(run) for run in grid.companion_runs(config, wildcards.item)],
        libraries=grid.libraries(config),
        columns=lambda wildcards: config["paper"][wildcards.item]["columns"],
        datasets=lambda wildcards: grid.datasets(config, wildcards.item),
        baselines=lambda wildcards: config["paper"][wildcards.item].get("published_baselines", []),
        rerun=lambda wildcards: rerun_of(wildcards.item),
        notes=lambda wildcards: notes_of(wildcards.item),
        bottlenecks=config["bottlenecks"],
        priors=config["priors"],
    script:
        "../scripts/score_table.py"


use rule score_table as score_table_of_ours with:
    output:
        **rendered("{item}", "csv", "md", "tex", "scores.csv"),
    wildcard_constraints:
        item=tables(printed=False),


rule settings_table:
    input:
        published=PUBLISHED_SETTINGS,
    output:
        **rendered("{item}", "csv", "md", "tex"),
    log:
        log_of("settings_table", "{item}"),
    benchmark:
        benchmark_of("settings_table", "{item}")
    wildcard_constraints:
        item="|".join(items.of_kind("settings")),
    conda:
        ENVIRONMENT
    params:
        version=1,
        config={key: config[key] for key in SETTINGS_SECTIONS},
    script:
        "../scripts/settings_table.py"


rule figure1:
    output:
        **rendered("figure1", "pdf"),
        png=picture("figure1"),
    log:
        log_of("figure1"),
    benchmark:
        benchmark_of("figure1")
    conda:
        ENVIRONMENT
    params:
        version=2,
        config={key: config[key] for key in FIGURE1_SECTIONS},
    script:
        "../scripts/figure1.py"


rule figure2:
    input:
        distribution=score_files("distribution", "figure2"),
        effects=score_files("effects", "figure2"),
        published=PUBLISHED,
    output:
        **rendered("figure2", "pdf", "scores.csv"),
        png=picture("figure2"),
    log:
        log_of("figure2"),
    benchmark:
        benchmark_of("figure2")
    conda:
        ENVIRONMENT
    params:
        version=2,
        runs=run_records("figure2"),
        columns=config["paper"]["figure2"]["columns"],
        datasets=grid.datasets(config, "figure2"),
        priors=grid.names(config, "figure2", "prior"),
        decoders=grid.names(config, "figure2", "decoder"),
        libraries=grid.libraries(config),
    script:
        "../scripts/figure2.py"


rule figure3:
    input:
        scores=[path for _, path in encoders.score_files(config)],
        published=PUBLISHED,
    output:
        **rendered("figure3", "pdf", "csv", "md"),
        png=picture("figure3"),
    log:
        log_of("figure3"),
    benchmark:
        benchmark_of("figure3")
    conda:
        ENVIRONMENT
    params:
        version=2,
        about=[about for about, _ in encoders.score_files(config)],
        screens=reversion_notes(),
        notes={name: config["datasets"][name].get("note", "") for name in encoders.datasets(config)},
    script:
        "../scripts/figure3.py"


rule richness:
    input:
        distribution=score_files("distribution", "richness"),
        effects=score_files("effects", "richness"),
        richness=score_files("richness", "richness"),
    output:
        **rendered("richness", "csv", "pdf", "scores.csv"),
        png=picture("richness"),
    log:
        log_of("richness"),
    benchmark:
        benchmark_of("richness")
    conda:
        ENVIRONMENT
    params:
        version=2,
        runs=run_records("richness"),
        columns=config["paper"]["richness"]["columns"],
        datasets=grid.datasets(config, "richness"),
        decoders=grid.names(config, "richness", "decoder"),
    script:
        "../scripts/richness.py"


rule parameters:
    input:
        [file for _, file in grid.weight_files(config)],
    output:
        f"{PAPER}/parameters.csv",
    log:
        log_of("parameters"),
    benchmark:
        benchmark_of("parameters")
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
        scores=[file for item in scored_items() for file in rendered(item, "scores.csv").values()],
        coverage=coverage_files(),
        reversion=[f"{PAPER}/figure3.csv"] if encoders.screens(config) else [],
        published=PUBLISHED,
    output:
        **rendered("claims", "csv", "md"),
    log:
        log_of("claims"),
    benchmark:
        benchmark_of("claims")
    conda:
        ENVIRONMENT
    params:
        version=3,
        # Judging takes seconds: a new claim or another rule judges again. A function: read where it is planned, by no other job.
        code=lambda wildcards: source("paper/claims"),
        made_up=made_up(),
        codes_of=[about for about, _ in grid.code_tables(config)],
        coverage_of=grid.datasets(config),
        pairs=pairs_of_rows(),
    script:
        "../scripts/claims.py"
