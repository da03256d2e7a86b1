# What nobody has measured: pairs of a cell type and a perturbation, predicted with the weights that the runs have.


include: "../inputs/predict.smk"


rule predict:
    input:
        lambda wildcards: pages_of_pairs(),
    localrule: True


# A checkpoint: a pair that cannot be predicted stops here, before anything is trained for it.
checkpoint predict_pairs:
    input:
        unpack(sequences_of_others),
        train=f"{SCREEN}/train.h5ad",
        heldout=f"{SCREEN}/heldout.h5ad",
    output:
        pairs=f"{PREDICTIONS}/pairs.csv",
    log:
        log_of("predict_pairs", SCREEN),
    benchmark:
        benchmark_of("predict_pairs", SCREEN)
    conda:
        ENVIRONMENT
    params:
        version=1,
        pairs=lambda wildcards: [vars(pair) for pair in PAIRS[wildcards.dataset]],
        separator=lambda wildcards: dataset_config(wildcards)["separator"],
        symbol_map=lambda wildcards, output: SYMBOLS,
    script:
        "../scripts/predict_pairs.py"


rule predict_vectors:
    input:
        pairs=f"{PREDICTIONS}/pairs.csv",
        fasta=protein_sequences,
        checkpoint=esm2_checkpoint()[0],
        regression=esm2_checkpoint()[1],
    output:
        vectors=f"{PREDICTIONS}/vectors.npz",
    log:
        log_of("predict_vectors", SCREEN),
    benchmark:
        benchmark_of("predict_vectors", SCREEN)
    conda:
        ENVIRONMENT
    threads: config["threads"]
    params:
        version=1,
        tokens_per_batch=config["esm2"]["tokens_per_batch"],
        dataset=dataset_part("control", "separator"),
        symbol_map=lambda wildcards, output: SYMBOLS,
    script:
        "../scripts/predict_vectors.py"


rule predict_cell_types:
    input:
        train=f"{SCREEN}/train.h5ad",
    output:
        judges=f"{PREDICTIONS}/cell_types.npz",
    log:
        log_of("predict_cell_types", SCREEN),
    benchmark:
        benchmark_of("predict_cell_types", SCREEN)
    conda:
        ENVIRONMENT
    params:
        version=1,
        evaluation=evaluation_part("rescale_to", "identity", "seed"),
    script:
        "../scripts/predict_cell_types.py"


rule predict_cells:
    input:
        unpack(vectors_if_new),
        vae=weights_of("vae"),
        latents=weights_of("latents"),
        prior=weights_of("prior"),
        pairs=f"{PREDICTIONS}/pairs.csv",
        train=f"{SCREEN}/train.h5ad",
        judges=f"{PREDICTIONS}/cell_types.npz",
    output:
        cells=f"{PREDICTED}/predicted.h5ad",
        effects=f"{PREDICTED}/genes.csv",
        identity=f"{PREDICTED}/identity.csv",
    log:
        log_of("predict_cells", PREDICTED),
    benchmark:
        benchmark_of("predict_cells", PREDICTED)
    conda:
        ENVIRONMENT
    threads: config["threads"]
    params:
        version=2,
        folder=PREDICTION,
        seeds=SAMPLES,
        trainings=[f"vae-{one['vae']}/prior-{one['prior']}" for one in config["replicates"]["trainings"]],
        rule=lambda wildcards: config["decoders"][wildcards.decoder]["predict"],
        draws=config["evaluation"]["richness"]["draws"],
        sampling=lambda wildcards: grid.options(config, wildcards.prior, sampling=True),
        batch_size=config["batch_size"],
        rescale_to=config["evaluation"]["rescale_to"],
        epsilon=config["predict"]["fold_change_epsilon"],
    script:
        "../scripts/predict_cells.py"


rule predict_mean:
    input:
        pairs=f"{PREDICTIONS}/pairs.csv",
        train=f"{SCREEN}/train.h5ad",
        judges=f"{PREDICTIONS}/cell_types.npz",
    output:
        cells=f"{PREDICTION}/perturb-mean/predicted.h5ad",
        effects=f"{PREDICTION}/perturb-mean/genes.csv",
        identity=f"{PREDICTION}/perturb-mean/identity.csv",
    log:
        log_of("predict_mean", PREDICTION),
    benchmark:
        benchmark_of("predict_mean", PREDICTION)
    conda:
        ENVIRONMENT
    params:
        version=2,
        folder=PREDICTION,
        seeds=SAMPLES,
        rescale_to=config["evaluation"]["rescale_to"],
        epsilon=config["predict"]["fold_change_epsilon"],
    script:
        "../scripts/predict_mean.py"


rule predict_page:
    input:
        unpack(predicted_files),
        pairs=f"{PREDICTIONS}/pairs.csv",
        train=f"{SCREEN}/train.h5ad",
        judges=f"{PREDICTIONS}/cell_types.npz",
    output:
        page=report(
            f"{PREDICTION}/page.html",
            caption="../report/prediction.rst",
            category="6 Predictions",
            labels={"Screen": "{dataset}", "Cell type": "{cell_type}", "Perturbation": "{perturbation}"},
        ),
        summary=f"{PREDICTION}/summary.csv",
    log:
        log_of("predict_page", PREDICTION),
    benchmark:
        benchmark_of("predict_page", PREDICTION)
    conda:
        ENVIRONMENT
    params:
        version=3,
        folder=PREDICTION,
        names=predictor_names,
        note=lambda wildcards: config["datasets"][wildcards.dataset].get("note", ""),
        rescale_to=config["evaluation"]["rescale_to"],
    script:
        "../scripts/predict_page.py"


rule predict_summary:
    input:
        summaries=lambda wildcards: [f"{pair.folder}/summary.csv" for pair in PAIRS[wildcards.dataset]],
    output:
        summary=f"{PREDICTIONS}/summary.csv",
    log:
        log_of("predict_summary", SCREEN),
    conda:
        ENVIRONMENT
    params:
        version=1,
    script:
        "../scripts/predict_summary.py"
