# Published and made-up screens: files that the rest reads as it reads a lab's own.


include: "../inputs/screens.smk"


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
        log_of("assemble_replogle", SCREEN),
    benchmark:
        benchmark_of("assemble_replogle", SCREEN)
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
        log_of("find_parse1m_counts", SCREEN),
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
        log_of("assemble_parse1m", SCREEN),
    benchmark:
        benchmark_of("assemble_parse1m", SCREEN)
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
        log_of("quality", SCREEN),
    conda:
        ENVIRONMENT
    params:
        version=2,
        dataset=dataset_part("target_residual"),
        name="{dataset}",
    script:
        "../scripts/quality.py"


rule simulate:
    input:
        unpack(made_up_sequences),
    output:
        screen=f"{SCREEN}/screen.h5ad",
        effects=f"{SCREEN}/effects.npz",
    log:
        log_of("simulate", SCREEN),
    benchmark:
        benchmark_of("simulate", SCREEN)
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
