# Counts on their way to bins and conditions.


localrules:  # a cluster's nodes often have no internet
    download,


rule download:
    output:
        in_data_dir("{file}"),
    log:
        "logs/download/{file}.log",
    benchmark:
        "results/benchmarks/download/{file}.tsv"
    wildcard_constraints:
        file="|".join(map(re.escape, DOWNLOADS)),
    conda:
        ENVIRONMENT
    params:
        entry=lambda wildcards: DOWNLOADS[wildcards.file],
        retries=5,
    script:
        "../scripts/download.py"


rule assemble_replogle:
    input:
        k562=in_data_dir("K562_essential_raw_singlecell_01.h5ad"),
        rpe1=in_data_dir("rpe1_raw_singlecell_01.h5ad"),
        hepg2=in_data_dir("GSE264667_hepg2_raw_singlecell_01.h5ad"),
        jurkat=in_data_dir("GSE264667_jurkat_raw_singlecell_01.h5ad"),
        train_split=in_data_dir("replogle_train.json"),
        test_split=in_data_dir("replogle_test.json"),
    output:
        screen=f"{SCREEN}/screen.h5ad",
    log:
        "logs/assemble_replogle/{dataset}.log",
    benchmark:
        "results/benchmarks/assemble_replogle/{dataset}.tsv"
    wildcard_constraints:
        dataset=of_kind("replogle"),
    conda:
        ENVIRONMENT
    params:
        version=1,
        dataset=dataset_config,
        symbol_map=SYMBOLS,
    script:
        "../scripts/assemble_replogle.py"


rule assemble_parse1m:
    input:
        source=in_data_dir("adata_for_cellflow_datasets_with_embeddings.h5ad"),
        train_split=in_data_dir("parse1m_train.json"),
        test_split=in_data_dir("parse1m_test.json"),
    output:
        screen=f"{SCREEN}/screen.h5ad",
    log:
        "logs/assemble_parse1m/{dataset}.log",
    benchmark:
        "results/benchmarks/assemble_parse1m/{dataset}.tsv"
    wildcard_constraints:
        dataset=of_kind("parse1m"),
    conda:
        ENVIRONMENT
    params:
        version=1,
        dataset=dataset_config,
        symbol_map=SYMBOLS,
    script:
        "../scripts/assemble_parse1m.py"


rule made_up_proteins:
    output:
        fasta=f"{SCREEN}/proteins.fasta",
    log:
        "logs/made_up_proteins/{dataset}.log",
    benchmark:
        "results/benchmarks/made_up_proteins/{dataset}.tsv"
    wildcard_constraints:
        dataset=of_kind("made-up"),
    conda:
        ENVIRONMENT
    params:
        version=1,
        dataset=dataset_config,
    script:
        "../scripts/made_up_proteins.py"


rule simulate:
    input:
        unpack(proteins_if_embedded),
    output:
        screen=f"{SCREEN}/screen.h5ad",
        effects=f"{SCREEN}/effects.npz",
    log:
        "logs/simulate/{dataset}.log",
    benchmark:
        "results/benchmarks/simulate/{dataset}.tsv"
    wildcard_constraints:
        dataset=of_kind("made-up"),
    conda:
        ENVIRONMENT
    params:
        version=1,
        dataset=dataset_config,
        name="{dataset}",
    script:
        "../scripts/simulate.py"


rule prepare:
    input:
        screen=screen_source,
    output:
        train=f"{SCREEN}/train.h5ad",
        heldout=f"{SCREEN}/heldout.h5ad",
    log:
        "logs/prepare/{dataset}.log",
    benchmark:
        "results/benchmarks/prepare/{dataset}.tsv"
    conda:
        ENVIRONMENT
    params:
        version=1,
        dataset=dataset_config,
        name="{dataset}",
    script:
        "../scripts/prepare.py"


rule truth:
    input:
        train=f"{SCREEN}/train.h5ad",
        heldout=f"{SCREEN}/heldout.h5ad",
    output:
        truth=f"{SCREEN}/truth.h5ad",
        query=f"{SCREEN}/query.csv",
    log:
        "logs/truth/{dataset}.log",
    benchmark:
        "results/benchmarks/truth/{dataset}.tsv"
    conda:
        ENVIRONMENT
    params:
        version=1,
        evaluation=config["evaluation"],
    script:
        "../scripts/truth.py"


rule fit_bins:
    input:
        train=f"{SCREEN}/train.h5ad",
    output:
        bins=f"{SCREEN}/bins.json",
    log:
        "logs/fit_bins/{dataset}.log",
    benchmark:
        "results/benchmarks/fit_bins/{dataset}.tsv"
    conda:
        ENVIRONMENT
    params:
        version=1,
        lower=config["bins"]["lower"],
    script:
        "../scripts/fit_bins.py"


rule tiny_esm2:
    output:
        checkpoint="results/tiny_esm2.pt",
        regression="results/tiny_esm2-contact-regression.pt",
    log:
        "logs/tiny_esm2.log",
    benchmark:
        "results/benchmarks/tiny_esm2.tsv"
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
        "logs/embed_proteins/{dataset}.log",
    benchmark:
        "results/benchmarks/embed_proteins/{dataset}.tsv"
    conda:
        ENVIRONMENT
    params:
        version=1,
        tokens_per_batch=config["esm2"]["tokens_per_batch"],
        separator=lambda wildcards: dataset_config(wildcards)["separator"],
        symbol_map=SYMBOLS,
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
        "logs/perturbations/{dataset}.log",
    benchmark:
        "results/benchmarks/perturbations/{dataset}.tsv"
    conda:
        ENVIRONMENT
    params:
        version=1,
        separator=lambda wildcards: dataset_config(wildcards)["separator"],
        symbol_map=SYMBOLS,
    script:
        "../scripts/perturbations.py"
