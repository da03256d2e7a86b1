# Counts on their way to bins and conditions.


rule download:
    input:
        [downloaded(name) for name in DOWNLOADS],
    localrule: True


rule fetch:
    output:
        record="results/downloads/{file}.yaml",
    log:
        "logs/fetch/{file}.log",
    benchmark:
        "results/benchmarks/fetch/{file}.tsv"
    wildcard_constraints:
        file="|".join(re.escape(entry["file"]) for entry in DOWNLOADS.values()),
    localrule: True
    conda:
        ENVIRONMENT
    params:
        version=2,
        file=lambda wildcards: work.part(
            download_entry(wildcards), "file", "bytes", "md5", "sha256", "pick", "leave_out", "obs", "other_names"
        ),
        # A function of outputs is no reason to run again: an address or a citation may change once the file is here.
        entry=lambda wildcards, output: download_entry(wildcards),
        on_difference=lambda wildcards: on_difference(wildcards.file),
        data_dir=config["data_dir"],
        retries=8,
    script:
        "../scripts/fetch.py"


rule assemble_replogle:
    input:
        k562=downloaded("replogle_k562"),
        rpe1=downloaded("replogle_rpe1"),
        hepg2=downloaded("replogle_hepg2"),
        jurkat=downloaded("replogle_jurkat"),
        train_split=downloaded("split_replogle_train"),
        test_split=downloaded("split_replogle_test"),
    output:
        **QUALITY,
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
        version=2,
        dataset=dataset_part(
            "control",
            "target_residual",
            "cell_residual",
            "residual_scale",
            "min_cells",
            "rescale_to",
            "on_difference",
        ),
        symbol_map=lambda wildcards, output: SYMBOLS,
        stated=stated(DOWNLOADS, "replogle_"),
        files=versions("replogle_k562", "replogle_rpe1", "replogle_hepg2", "replogle_jurkat"),
        splits=versions("split_replogle_train", "split_replogle_test"),
    script:
        "../scripts/assemble_replogle.py"


checkpoint find_parse1m_counts:
    input:
        unpack(parse1m_panel_file),
        train_split=downloaded("split_parse1m_train"),
        test_split=downloaded("split_parse1m_test"),
    output:
        found=f"{SCREEN}/counts_in.yaml",
    log:
        "logs/find_parse1m_counts/{dataset}.log",
    wildcard_constraints:
        dataset=of_kind("parse1m"),
    conda:
        ENVIRONMENT
    params:
        version=2,
        dataset=dataset_part("counts_from", "library_column", "on_difference"),
        symbol_map=lambda wildcards, output: SYMBOLS,
        files=versions("parse1m_hvg2000", "split_parse1m_train", "split_parse1m_test"),
    script:
        "../scripts/find_parse1m_counts.py"


rule assemble_parse1m:
    input:
        unpack(parse1m_sources),
        train_split=downloaded("split_parse1m_train"),
        test_split=downloaded("split_parse1m_test"),
    output:
        **QUALITY,
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
        version=2,
        dataset=dataset_part("control", "donor", "on_difference"),
        symbol_map=lambda wildcards, output: SYMBOLS,
        stated=stated(DOWNLOADS, "parse1m_"),
        files=versions("parse1m_hvg2000", "parse1m_full", "split_parse1m_train", "split_parse1m_test"),
    script:
        "../scripts/assemble_parse1m.py"


rule quality:
    input:
        **QUALITY,
    output:
        multiext(f"{SCREEN}/quality", ".pdf", ".png"),
    log:
        "logs/quality/{dataset}.log",
    conda:
        ENVIRONMENT
    params:
        version=2,
        dataset=dataset_part("target_residual"),
        name="{dataset}",
    script:
        "../scripts/quality.py"


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
        dataset=dataset_part("simulation", "proteins"),
    script:
        "../scripts/made_up_proteins.py"


rule simulate:
    input:
        unpack(made_up_sequences),
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
        version=2,
        dataset=dataset_part("simulation", "control"),
        name="{dataset}",
    script:
        "../scripts/simulate.py"


rule prepare:
    input:
        unpack(sequences_if_embedded),
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
        version=3,
        dataset=lambda wildcards: work.without(dataset_config(wildcards), "note", "path", "proteins", "simulation"),
        screen=lambda wildcards: work.version(screen_source(wildcards)),
        symbol_map=lambda wildcards, output: SYMBOLS,
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
        evaluation=evaluation_part("cells_per_perturbation", "controls", "seed"),
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
        regression=str(regression_path("results/tiny_esm2.pt")),
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
    threads: config["threads"]
    params:
        version=2,
        tokens_per_batch=config["esm2"]["tokens_per_batch"],
        separator=lambda wildcards: dataset_config(wildcards)["separator"],
        symbol_map=lambda wildcards, output: SYMBOLS,
        fasta=lambda wildcards: work.version(protein_sequences(wildcards)),
        weights=lambda wildcards: [*map(work.version, esm2_checkpoint())],
        twins=twins,
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
        version=2,
        separator=lambda wildcards: dataset_config(wildcards)["separator"],
        symbol_map=lambda wildcards, output: SYMBOLS,
        twins=twins,
    script:
        "../scripts/perturbations.py"
