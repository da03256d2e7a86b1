"""Save the merged config beside the results that it made."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    import yaml

    from expressionvae.files import written

    with written(snakemake.output[0]) as temporary:
        temporary.write_text(yaml.safe_dump(snakemake.params.config, sort_keys=False), encoding="utf-8")
