# Public files, fetched once and held to what is stated of them.


include: "../inputs/download.smk"


rule download:
    input:
        [downloaded(name) for name in DOWNLOADS],
    localrule: True


rule fetch:
    output:
        record="results/downloads/{file}.yaml",
    log:
        log_of("fetch", "{file}"),
    benchmark:
        benchmark_of("fetch", "{file}")
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
