# Where proteins and the network that reads them come from.

from expressionvae.proteins.esm_files import regression_path


def protein_sequences(wildcards):
    entry = dataset_config(wildcards)
    if entry["kind"] == "made-up":
        return f"results/{wildcards.dataset}/proteins.fasta"
    return downloaded_or_own(entry["proteins"])


def twins(wildcards):
    """Whether held-out and training labels with the same proteins stop: a published screen's can only be reported."""
    return dataset_config(wildcards).get("on_difference", "stop")


def perturbed_genes(wildcards):
    """The screen whose perturbations want a protein; a made-up screen's FASTA holds those alone."""
    if dataset_config(wildcards)["kind"] == "made-up":
        return {}
    return {part: f"results/{wildcards.dataset}/{part}.h5ad" for part in ("train", "heldout")}


def proteins_if_embedded(wildcards):
    if dataset_config(wildcards)["embedding"] == "learned":
        return {}
    return {"proteins": f"results/{wildcards.dataset}/proteins.npz"}


def esm2_checkpoint():
    """The weights and, beside them under the name that fair-esm expects, those of the contact head."""
    weights = config["esm2"]["checkpoint"]
    if config["esm2"]["tiny"] or not weights:  # neither: no dataset of `screens` embeds proteins
        return "results/tiny_esm2.pt", str(regression_path("results/tiny_esm2.pt"))
    return downloaded_or_own(weights), downloaded_or_own(str(regression_path(weights)))


def perturbations_of(wildcards):
    """The vectors of a dataset's perturbations: a left-out one has those of its screen."""
    return f"results/{dataset_config(wildcards).get('of', wildcards.dataset)}/perturbations.npz"
