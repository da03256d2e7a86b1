"""Download one published file and hold it to its checksum."""

from expressionvae.console import reporting
from expressionvae.data.downloads import fetch

with reporting(snakemake.log[0]):
    fetch(snakemake.params.entry, snakemake.output[0], retries=snakemake.params.get("retries", 5))
