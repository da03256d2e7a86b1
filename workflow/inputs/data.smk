# What a screen is prepared from.


def screen_source(wildcards):
    """The file that a screen is read from: a lab's own, or one that a rule here writes."""
    entry = dataset_config(wildcards)
    if entry["kind"] == "local":
        return in_data_dir(entry["path"])
    return f"results/{wildcards.dataset}/screen.h5ad"


def sequences_if_embedded(wildcards):
    """The proteins by which a screen's perturbations are told apart. `ancient`: newer ones make no other split."""
    entry = dataset_config(wildcards)
    if entry["embedding"] == "learned" or entry["kind"] == "made-up":
        return {}
    return {"fasta": ancient(protein_sequences(wildcards))}
