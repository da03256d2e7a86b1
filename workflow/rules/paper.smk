# Scores to tables and figures: files that a reader opens.


localrules:
    score_table,
    settings_table,
    figure2,
    claims,
    loss_curves,
    config_in_force,


rule score_table:
    input:
        distribution=score_files("distribution"),
        effects=score_files("effects"),
        published=PUBLISHED,
    output:
        **rendered("{item}", "csv", "md", "tex", "scores", "compared"),
    log:
        "logs/score_table/{item}.log",
    wildcard_constraints:
        item="|".join(SCORE_TABLES),
    conda:
        ENVIRONMENT
    params:
        version=1,
        runs=run_records,
        columns=lambda wildcards: config["paper"][wildcards.item]["columns"],
        datasets=lambda wildcards: datasets_of(wildcards.item),
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
    wildcard_constraints:
        item="|".join(SETTINGS_TABLES),
    conda:
        ENVIRONMENT
    params:
        version=1,
        config=config,
    script:
        "../scripts/settings_table.py"


rule figure2:
    input:
        distribution=score_files("distribution"),
        effects=score_files("effects"),
        published=PUBLISHED,
    output:
        **rendered("{item}", "pdf", "png", "scores"),
    log:
        "logs/{item}.log",
    wildcard_constraints:
        item="figure2",
    conda:
        ENVIRONMENT
    params:
        version=1,
        runs=run_records,
        columns=config["paper"]["figure2"]["columns"],
        datasets=datasets_of("figure2"),
        priors=names_of("figure2", "prior"),
        decoders=names_of("figure2", "decoder"),
    script:
        "../scripts/figure2.py"


rule claims:
    input:
        scores=[file for item in scored_items() for file in rendered(item, "scores").values()],
        coverage=[f"results/{dataset}/bin_coverage.json" for dataset in config["screens"]],
        published=PUBLISHED,
    output:
        **rendered("claims", "csv", "md"),
    log:
        "logs/claims.log",
    conda:
        ENVIRONMENT
    params:
        version=1,
        made_up=made_up(),
        coverage_of=config["screens"],
    script:
        "../scripts/claims.py"


rule loss_curves:
    input:
        losses=[f"{folder}/losses.csv" for folder in trainings()],
    output:
        plots=[f"{folder}/losses.png" for folder in trainings()],
    log:
        "logs/loss_curves.log",
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
    conda:
        ENVIRONMENT
    params:
        version=1,
        config=config,
    script:
        "../scripts/config_in_force.py"
