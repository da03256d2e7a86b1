# Baselines (baselines/README.md): they are told of files, run in an environment of their own or in the project's, and
# what they predict is held to the contract before it is scored.


include: "../inputs/baselines.smk"


localrules:
    baseline_environment,


rule baseline_environment:
    output:
        "results/environments/{environment}.txt",
    log:
        log_of("baseline_environment", "{environment}"),
    benchmark:
        benchmark_of("baseline_environment", "{environment}")
    wildcard_constraints:
        environment="[^/]+",
    conda:
        ENVIRONMENT
    params:
        version=1,
        lock=baseline_lock,
        # Functions of outputs: where the workflow and its Python lie is no reason to build again.
        python=lambda wildcards, output: sys.executable,
        program=lambda wildcards, output: str(FOLDERS_OF_BASELINES / "environment.py"),
        folder=lambda wildcards, output: str(FOLDERS_OF_BASELINES / wildcards.environment),
        cache=lambda wildcards, output: str(Path(output[0]).parent),
    shell:
        "{params.python:q} {params.program:q} {params.folder:q} {params.cache:q} > {output:q} 2> {log:q}"


rule bring:
    input:
        brought_records,
    output:
        folder=directory("results/brought/{name}"),
    log:
        log_of("bring", "{name}"),
    benchmark:
        benchmark_of("bring", "{name}")
    wildcard_constraints:
        name="|".join(Path(path).name for path in BROUGHT) or "(?!)",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        version=1,
        names=lambda wildcards: list(brought_downloads(wildcards)),
        versions=lambda wildcards: versions(*brought_downloads(wildcards).values())(wildcards),
        clone=lambda wildcards: BROUGHT[f"results/brought/{wildcards.name}"].get("clone"),
        # A function of outputs: where a clone is kept is no reason to bring it again.
        place=lambda wildcards, output: in_data_dir(wildcards.name),
    script:
        "../scripts/bring.py"


rule baseline_training:
    input:
        train=f"{SCREEN}/train.h5ad",
    output:
        train=f"{CONTRACT}/train.h5ad",
    log:
        log_of("baseline_training", SCREEN),
    benchmark:
        benchmark_of("baseline_training", SCREEN)
    conda:
        ENVIRONMENT
    params:
        version=1,
    script:
        "../scripts/baseline_training.py"


rule baseline_labels:
    input:
        train=f"{SCREEN}/train.h5ad",
        heldout=f"{SCREEN}/heldout.h5ad",
    output:
        labels=f"{CONTRACT}/heldout.txt",
    log:
        log_of("baseline_labels", SCREEN),
    benchmark:
        benchmark_of("baseline_labels", SCREEN)
    priority: 1  # before trainings that may take days
    conda:
        ENVIRONMENT
    params:
        version=1,
        # A function of outputs: another row is no reason to train those that are there again.
        baselines=lambda wildcards, output: seen_only(wildcards),
    script:
        "../scripts/baseline_labels.py"


rule baseline_perturbations:
    input:
        train=f"{SCREEN}/train.h5ad",
        perturbations=f"{SCREEN}/perturbations.npz",
    output:
        perturbations=f"{CONTRACT}/perturbations.npz",
    log:
        log_of("baseline_perturbations", SCREEN),
    benchmark:
        benchmark_of("baseline_perturbations", SCREEN)
    conda:
        ENVIRONMENT
    params:
        version=2,
    script:
        "../scripts/baseline_perturbations.py"


rule baseline_query:
    input:
        train=f"{SCREEN}/train.h5ad",
        query=f"{SCREEN}/query.csv",
    output:
        query=each_seed(f"{CONTRACT}/query-{{sample_seed}}.h5ad"),
    log:
        log_of("baseline_query", SCREEN),
    benchmark:
        benchmark_of("baseline_query", SCREEN)
    conda:
        ENVIRONMENT
    params:
        version=1,
        seeds=SAMPLES,
    script:
        "../scripts/baseline_query.py"


rule train_baseline:
    input:
        train=f"{CONTRACT}/train.h5ad",
        labels=labels_if_unknown,
        perturbations=vectors_if_wanted,
        environment=environment_record,
        brought=brought_folders,
    output:
        result=directory(f"{MODEL}/weights"),
        options=f"{MODEL}/training.json",
    log:
        log_of("train_baseline", MODEL),
    benchmark:
        benchmark_of("train_baseline", MODEL)
    wildcard_constraints:
        folder=baselines_of("gpu", "folder"),
        training=baselines_of("gpu", "training"),
    conda:
        baseline_conda
    threads: config["threads"]
    params:
        version=1,
        options=lambda wildcards: baseline_of(wildcards).options(training=True),
        about="baseline {folder}",
        record=lambda wildcards, output: environment_record(wildcards) or "its environment",
        python=lambda wildcards, output: baseline_python(wildcards),
        program=baseline_program("train.py"),
        scripts=baseline_scripts("train.py"),
        on_gpu=lambda wildcards: str(baseline_of(wildcards).on_gpu).lower(),
        files=baseline_files("train", "perturbations"),
        seed="{vae_seed}",
        threads=config["threads"],
    shell:
        FOREIGN


use rule train_baseline as train_baseline_on_cpu with:
    log:
        log_of("train_baseline_on_cpu", MODEL),
    benchmark:
        benchmark_of("train_baseline_on_cpu", MODEL)
    wildcard_constraints:
        folder=baselines_of("cpu", "folder"),
        training=baselines_of("cpu", "training"),


rule predict_baseline:
    input:
        model=baseline_weights,
        query=f"{CONTRACT}/query-{{sample_seed}}.h5ad",
        perturbations=vectors_if_wanted,
        environment=environment_record,
        brought=brought_folders,
    output:
        result=temp(f"{RERUN}/predicted.h5ad"),
        options=f"{RERUN}/options.json",
    log:
        log_of("predict_baseline", RERUN),
    benchmark:
        benchmark_of("predict_baseline", RERUN)
    wildcard_constraints:
        baseline=baselines_of("gpu", "name"),
    conda:
        baseline_conda
    threads: config["threads"]
    params:
        version=1,
        folder=lambda wildcards: baseline_of(wildcards).folder,
        options=lambda wildcards: baseline_of(wildcards).options(),
        about="baseline {baseline}",
        record=lambda wildcards, output: environment_record(wildcards) or "its environment",
        python=lambda wildcards, output: baseline_python(wildcards),
        program=baseline_program("predict.py"),
        scripts=baseline_scripts("predict.py"),
        on_gpu=lambda wildcards: str(baseline_of(wildcards).on_gpu).lower(),
        files=baseline_files("model", "query", "perturbations"),
        seed="{sample_seed}",
        threads=config["threads"],
    shell:
        FOREIGN


use rule predict_baseline as predict_baseline_on_cpu with:
    log:
        log_of("predict_baseline_on_cpu", RERUN),
    benchmark:
        benchmark_of("predict_baseline_on_cpu", RERUN)
    wildcard_constraints:
        baseline=baselines_of("cpu", "name"),


rule admit_baseline:
    input:
        cells=each_seed(f"{RERUN}/predicted.h5ad"),
        train=f"{CONTRACT}/train.h5ad",
        query=f"{SCREEN}/query.csv",
    output:
        cells=each_seed(f"{RERUN}/cells.h5ad"),
    log:
        log_of("admit_baseline", str(Path(RERUN).parent)),
    benchmark:
        benchmark_of("admit_baseline", str(Path(RERUN).parent))
    wildcard_constraints:
        baseline="|".join(BASELINES) or "(?!)",
    conda:
        ENVIRONMENT
    params:
        version=1,
        seeds=SAMPLES,
        space=lambda wildcards: baseline_of(wildcards).page["predicts"],
    script:
        "../scripts/admit_baseline.py"
