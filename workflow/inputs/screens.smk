# Where published and made-up screens come from.

QUALITY = {name: f"{SCREEN}/quality/{name}.csv" for name in ("steps", "perturbations", "libraries")}


def parse1m_panel_file(wildcards):
    wanted = dataset_config(wildcards)["counts_from"] != "full"
    return {"panel_file": downloaded("parse1m_hvg2000")} if wanted else {}


def parse1m_sources(wildcards):
    """The file with raw counts and full-panel library sizes: known once the smaller one has been looked into."""
    found = checkpoints.find_parse1m_counts.get(**wildcards).output.found
    with found.open() as file:  # Snakemake's: the file may lie in a store
        content = file.read()
    which = next((name for name in ("hvg2000", "full") if f"file: {name}\n" in content), None)
    if which is None:
        raise WorkflowError(
            f"{found}: damaged, it names no file of Parse's; delete it, and the same command makes it again"
        )
    return {"found": found, "source": downloaded(f"parse1m_{which}")}


def made_up_sequences(wildcards):
    """What the effects of a made-up screen follow: the proteins themselves, so that no count hangs on a network."""
    if dataset_config(wildcards)["embedding"] == "learned":
        return {}
    return {"proteins": f"results/{wildcards.dataset}/proteins.fasta"}
