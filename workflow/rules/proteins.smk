# Perturbations on their way to vectors: by their proteins, or one row each of a table.


include: "../inputs/proteins.smk"


rule made_up_proteins:
    output:
        fasta=f"{SCREEN}/proteins.fasta",
    log:
        log_of("made_up_proteins", SCREEN),
    benchmark:
        benchmark_of("made_up_proteins", SCREEN)
    wildcard_constraints:
        dataset=of_kind("made-up"),
    conda:
        ENVIRONMENT
    params:
        version=1,
        dataset=dataset_part("simulation", "proteins"),
    script:
        "../scripts/made_up_proteins.py"


rule tiny_esm2:
    output:
        checkpoint="results/tiny_esm2.pt",
        regression=str(regression_path("results/tiny_esm2.pt")),
    log:
        log_of("tiny_esm2"),
    benchmark:
        benchmark_of("tiny_esm2")
    conda:
        ENVIRONMENT
    params:
        version=1,
        size=config["esm2"]["tiny"],
    script:
        "../scripts/tiny_esm2.py"


rule embed_proteins:
    input:
        unpack(perturbed_genes),
        fasta=protein_sequences,
        checkpoint=esm2_checkpoint()[0],
        regression=esm2_checkpoint()[1],
    output:
        proteins=f"{SCREEN}/proteins.npz",
    log:
        log_of("embed_proteins", SCREEN),
    benchmark:
        benchmark_of("embed_proteins", SCREEN)
    conda:
        ENVIRONMENT
    threads: config["threads"]
    params:
        version=2,
        tokens_per_batch=config["esm2"]["tokens_per_batch"],
        separator=lambda wildcards: dataset_config(wildcards)["separator"],
        symbol_map=lambda wildcards, output: SYMBOLS,
        fasta=lambda wildcards: work.version(protein_sequences(wildcards)),
        weights=lambda wildcards: [*map(work.version, esm2_checkpoint())],
        twins=twins,
        without_protein=without_protein,
    script:
        "../scripts/embed_proteins.py"


rule perturbations:
    input:
        unpack(proteins_if_embedded),
        train=f"{SCREEN}/train.h5ad",
        heldout=f"{SCREEN}/heldout.h5ad",
    output:
        perturbations=f"{SCREEN}/perturbations.npz",
    log:
        log_of("perturbations", SCREEN),
    benchmark:
        benchmark_of("perturbations", SCREEN)
    conda:
        ENVIRONMENT
    params:
        version=2,
        separator=lambda wildcards: dataset_config(wildcards)["separator"],
        symbol_map=lambda wildcards, output: SYMBOLS,
        twins=twins,
        without_protein=without_protein,
    script:
        "../scripts/perturbations.py"
