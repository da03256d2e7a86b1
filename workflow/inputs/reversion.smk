# What is asked of a reversion screen.


def reversion_config(wildcards):
    return config["reversion"]["screens"][wildcards.reversion]


def reversion_source(wildcards):
    entry = reversion_config(wildcards)
    if entry["kind"] == "local":
        return downloaded_or_own(entry["path"])
    return f"results/{wildcards.reversion}/reversion.h5ad"


def reversion_labels(wildcards):
    """What slicing needs to know of a screen: another note must not have a file of 53 GB read again."""
    return work.without(reversion_config(wildcards), "note", "path", "published", "simulation", "like")


def reversion_stated(wildcards):
    """What the list of downloads states of a screen's file; nothing of a user's own."""
    path = reversion_config(wildcards).get("path")
    name = next((name for name, entry in DOWNLOADS.items() if entry["file"] == path), None)
    return stated(DOWNLOADS, name)[""] if name else {}


def made_up_training(wildcards):
    """The recipe of the made-up training screen that a made-up reversion screen is like."""
    return config["datasets"][reversion_config(wildcards)["like"]]["simulation"]


def of_reversion_kind(kind):
    """A wildcard constraint: the reversion screens of a kind; matches nothing where there is none."""
    names = [name for name, entry in config["reversion"]["screens"].items() if entry["kind"] == kind]
    return "|".join(names) or "(?!)"


def reversion_options():
    return {key: config["reversion"][key] for key in ("shuffles", "bootstrap", "seed")}
