# Scores to tables and figures: files that a reader opens.

PUBLISHED = sorted(
    str(path)
    for path in (Path(workflow.basedir) / "resources" / "published").glob("*.csv")
)
RENDERED = {"table1": ("csv", "md", "tex"), "figure2": ("pdf", "png")}


def paper_files():
    """What `all` makes: tables and figures, the loss curve of every training, the bins' coverage, the config in force."""
    runs = grid.all_runs(config)
    return [
        *(
            f"results/paper/{item}.{suffix}"
            for item in config["paper"]
            for suffix in RENDERED[item]
        ),
        *(f"{folder}/losses.png" for folder in trainings()),
        *dict.fromkeys(f"results/{run.dataset}/bin_coverage.json" for run in runs),
        "results/config.yaml",
    ]


def trainings():
    """The folder of every VAE and prior that the paper needs, each once."""
    return list(
        dict.fromkeys(
            folder for run in grid.all_runs(config) for folder in run.trainings
        )
    )


def summary():
    """Where to look when all is done."""
    made = [
        f"  results/paper/{item}.{suffix}"
        for item in config["paper"]
        for suffix in RENDERED[item]
    ]
    return "\n".join(
        [
            "",
            "Tables and figures:",
            *made,
            "Everything else lies in results/; README.md says what each file means.",
        ]
    )


def score_files(kind):
    return lambda wildcards: [
        f"{run.folder}/{kind}.csv" for run in grid.item_runs(config, wildcards.item)
    ]


def run_records(wildcards):
    return [vars(run) for run in grid.item_runs(config, wildcards.item)]


def datasets_of(item):
    return list(dict.fromkeys(run.dataset for run in grid.item_runs(config, item)))


def names_of(item, key):
    """Priors or decoders that an item asks for, in the order of the config's own list."""
    asked = {getattr(run, key) for run in grid.item_runs(config, item)}
    return [name for name in config[f"{key}s"] if name in asked]


def notes_of(item):
    return {
        name: config["datasets"][name].get("note", "") for name in datasets_of(item)
    }


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
        scores=PAPER + "/{item}.scores.csv",
    log:
        "logs/collect/{item}.log",
    conda:
        ENVIRONMENT
    params:
        version=1,
        runs=run_records,
    script:
        "../scripts/collect.py"


rule table1:
    input:
        scores=PAPER + "/table1.scores.csv",
        published=PUBLISHED,
    output:
        csv=PAPER + "/table1.csv",
        md=PAPER + "/table1.md",
        tex=PAPER + "/table1.tex",
    log:
        "logs/table1.log",
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
        scores=PAPER + "/figure2.scores.csv",
        published=PUBLISHED,
    output:
        pdf=PAPER + "/figure2.pdf",
        png=PAPER + "/figure2.png",
    log:
        "logs/figure2.log",
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
