# What a screen is prepared from.


def screen_source(wildcards):
    """The file that a screen is read from: a lab's own, or one that a rule here writes."""
    entry = dataset_config(wildcards)
    if entry["kind"] == "local":
        return in_data_dir(entry["path"])
    if entry["kind"] == left_out.KIND:
        return f"results/{entry['of']}/train.h5ad"
    return f"results/{wildcards.dataset}/screen.h5ad"


def sequences_if_embedded(wildcards):
    """The proteins by which a screen's perturbations are told apart. `ancient`: newer ones make no other split."""
    entry = dataset_config(wildcards)
    if entry["embedding"] == "learned" or entry["kind"] in ("made-up", left_out.KIND):
        return {}
    return {"fasta": ancient(protein_sequences(wildcards))}


def cell_type_if_left_out(wildcards):
    """Which cell type a left-out dataset leaves out."""
    entry = dataset_config(wildcards)
    return {"left_out": f"results/{entry['of']}/left_out.csv"} if entry["kind"] == left_out.KIND else {}
