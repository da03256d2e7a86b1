# Predicted cells against true cells: the same rules for every run, a model's or a baseline's.


ruleorder: true_vs_true > score


rule truth_de:
    input:
        truth=SCREEN + "/truth.h5ad",
    output:
        de=SCREEN + "/truth_de.parquet",
    log:
        "logs/truth_de/{dataset}.log",
    conda:
        ENVIRONMENT
    params:
        version=1,
        evaluation=config["evaluation"],
    script:
        "../scripts/truth_de.py"


rule bin_coverage:
    input:
        truth=SCREEN + "/truth.h5ad",
        de=SCREEN + "/truth_de.parquet",
        bins=SCREEN + "/bins.json",
    output:
        SCREEN + "/bin_coverage.json",
    log:
        "logs/bin_coverage/{dataset}.log",
    conda:
        ENVIRONMENT
    params:
        version=1,
        top_degs=config["evaluation"]["top_degs"],
        fdr=config["evaluation"]["fdr"],
    script:
        "../scripts/bin_coverage.py"


rule score:
    input:
        truth=SCREEN + "/truth.h5ad",
        de=SCREEN + "/truth_de.parquet",
        cells=RUN + "/cells.h5ad",
    output:
        distribution=RUN + "/distribution.csv",
        effects=RUN + "/effects.csv",
    log:
        "logs/score/{dataset}/{run}.log",
    conda:
        ENVIRONMENT
    params:
        version=1,
        evaluation=config["evaluation"],
    script:
        "../scripts/score.py"


rule true_vs_true:
    input:
        truth=SCREEN + "/truth.h5ad",
    output:
        distribution=SCREEN + "/baselines/true-vs-true-{sample_seed}/distribution.csv",
        effects=SCREEN + "/baselines/true-vs-true-{sample_seed}/effects.csv",
    log:
        "logs/true_vs_true/{dataset}/{sample_seed}.log",
    conda:
        ENVIRONMENT
    params:
        version=1,
        evaluation=config["evaluation"],
        seed=lambda wildcards: int(wildcards.sample_seed),
    script:
        "../scripts/true_vs_true.py"
