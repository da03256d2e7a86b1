"""Write what the results were made with, as CSV and Markdown."""

from expressionvae.console import reporting

with reporting(snakemake.log[0]):
    from expressionvae.files import written
    from expressionvae.run import versions

    table = versions.table(snakemake.config["threads"])
    with written(snakemake.output.csv) as path:
        table.to_csv(path, index=False)
    with written(snakemake.output.md) as path:
        path.write_text(versions.markdown(table), encoding="utf-8")
