# What tells about the run, and not about the paper: curves, times, versions, the config in force, pages of the report.


include: "../inputs/run.smk"


localrules:
    loss_curves,
    config_in_force,
    resources,
    versions,
    pages,
    overview,


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
        log_of("loss_curves"),
    benchmark:
        benchmark_of("loss_curves")
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
        log_of("config_in_force"),
    benchmark:
        benchmark_of("config_in_force")
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
        **rendered("resources", "csv", "md"),
    log:
        log_of("resources"),
    benchmark:
        benchmark_of("resources")
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
        **rendered("versions", "csv", "md"),
    log:
        log_of("versions"),
    benchmark:
        benchmark_of("versions")
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
        log_of("pages"),
    benchmark:
        benchmark_of("pages")
    conda:
        ENVIRONMENT
    params:
        version=2,
        titles=[page_labels(page)["Result"] for page in pages()],
    script:
        "../scripts/pages.py"


rule overview:
    input:
        **overview_sources(),
    output:
        report(f"{PAPER}/overview.html", caption="../report/page.rst", category=OVERVIEW, labels={"Result": "Overview"}),
    log:
        log_of("overview"),
    benchmark:
        benchmark_of("overview")
    conda:
        ENVIRONMENT
    params:
        version=2,
    script:
        "../scripts/overview.py"


rule plan:
    log:
        log_of("plan"),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        config=config,
        snakefile=str(HERE / "Snakefile"),
        planned=str(HERE / "workflow" / "planned.py"),
        table=str(RESOURCES / "costs.yaml"),
        downloads=DOWNLOADS,
        trainings={f"{one.folder}/{one.training}": one.values(training=True) for one in BASELINES.values()},
        folder="results/benchmarks",
    script:
        "../scripts/plan.py"
