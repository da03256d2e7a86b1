# What the rules share: the checked config, folders, and the functions that choose inputs.

import re
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

from expressionvae import grid
from expressionvae.config import check_form
from expressionvae.files import UserError

try:
    check_form(config, Path(workflow.basedir) / "config" / "schema.yaml")
    grid.check(config)
except UserError as error:
    raise WorkflowError(str(error)) from None


# Folders by the decisions they depend on. (Snakemake's `pathvars` would expand them too late: after the wildcards
# of a rule's outputs have been constrained.)
SCREEN, VAE, PRIOR, CELLS, BASELINE, RUN = grid.FOLDERS
PAPER = "results/paper"


wildcard_constraints:
    dataset="[^/]+",
    bottleneck="[^/]+",
    head="[^/]+",
    baseline="[a-z-]+",
    prior="[^/]+?",
    predict="[a-z-]+",
    vae_seed=r"\d+",
    prior_seed=r"\d+",
    sample_seed=r"\d+",
    run=r".+-\d+",
    reversion="[a-z0-9-]+",


ENVIRONMENT = "../../envs/expressionvae.yaml"


def dataset_config(wildcards):
    return config["datasets"][wildcards.dataset]


def of_kind(*kinds):
    """A wildcard constraint: the datasets of some kinds; matches nothing where there is none."""
    names = [name for name, entry in config["datasets"].items() if entry["kind"] in kinds]
    return "|".join(names) or "(?!)"


def in_data_dir(name):
    return str(Path(config["data_dir"]) / name)


# Data

DOWNLOADS = {
    entry["file"]: entry
    for entry in yaml.safe_load((Path(workflow.basedir) / "resources" / "downloads.yaml").read_text()).values()
    if entry.get("file")
}
SYMBOLS = str(Path(workflow.basedir) / "resources" / "symbols.tsv")


def screen_source(wildcards):
    """The file that a screen is read from: a lab's own, or one that a rule here writes."""
    entry = dataset_config(wildcards)
    if entry["kind"] == "local":
        return in_data_dir(entry["path"])
    return f"results/{wildcards.dataset}/screen.h5ad"


def protein_sequences(wildcards):
    entry = dataset_config(wildcards)
    if entry["kind"] == "made-up":
        return f"results/{wildcards.dataset}/proteins.fasta"
    return in_data_dir(entry["proteins"])


def perturbed_genes(wildcards):
    """The screen whose perturbations want a protein; a made-up screen is drawn *from* the embeddings of all of them."""
    if dataset_config(wildcards)["kind"] == "made-up":
        return {}
    return {part: f"results/{wildcards.dataset}/{part}.h5ad" for part in ("train", "heldout")}


def proteins_if_embedded(wildcards):
    if dataset_config(wildcards)["embedding"] == "learned":
        return {}
    return {"proteins": f"results/{wildcards.dataset}/proteins.npz"}


def esm2_checkpoint():
    """The weights and, beside them under the name that fair-esm expects, those of the contact head."""
    weights = "results/tiny_esm2.pt" if config["esm2"]["tiny"] else in_data_dir(config["esm2"]["checkpoint"])
    return weights, weights.removesuffix(".pt") + "-contact-regression.pt"


# Scores


def predicting_runs(wildcards):
    """The runs of a dataset that predict cells: all but true cells against true cells."""
    runs = grid.all_runs(config)
    return [run for run in runs if run.dataset == wildcards.dataset and run.baseline != "true-vs-true"]


def predicted_cells(wildcards):
    return [f"{run.folder}/cells.h5ad" for run in predicting_runs(wildcards)]


# Tables and figures

PUBLISHED = sorted(str(path) for path in (Path(workflow.basedir) / "resources" / "published").glob("*.csv"))
RENDERED = {"table1": ("csv", "md", "tex"), "figure2": ("pdf", "png"), "figure3": ("pdf", "png", "csv", "md")}


def paper_files():
    """What `all` makes: tables and figures, the loss curve of every training, the bins' coverage, the config in force."""
    runs = grid.all_runs(config)
    return [
        *(f"results/paper/{item}.{suffix}" for item in items() for suffix in RENDERED[item]),
        *(f"{folder}/losses.png" for folder in trainings()),
        *dict.fromkeys(f"results/{run.dataset}/bin_coverage.json" for run in runs),
        *dict.fromkeys(
            f"results/{run.dataset}/recovery.csv"
            for run in runs
            if config["datasets"][run.dataset]["kind"] == "made-up"
        ),
        "results/config.yaml",
    ]


def items():
    """Tables and figures to make: all that the config names, without a Figure 3 of no screen."""
    return [item for item in config["paper"] if item != "figure3" or grid.reversion_screens(config)]


def trainings():
    """The folder of every VAE and prior that the paper needs, each once."""
    folders = [folder for run in grid.all_runs(config) for folder in run.trainings]
    return list(dict.fromkeys(folders + [encoder.folder for encoder in grid.reversion_encoders(config)]))


def summary():
    """Where to look when all is done."""
    made = [f"  results/paper/{item}.{suffix}" for item in items() for suffix in RENDERED[item]]
    return "\n".join(
        [
            "",
            "Tables and figures:",
            *made,
            "Everything else lies in results/; README.md says what each file means.",
        ]
    )


def score_files(kind):
    return lambda wildcards: [f"{run.folder}/{kind}.csv" for run in grid.item_runs(config, wildcards.item)]


def run_records(wildcards):
    return [vars(run) for run in grid.item_runs(config, wildcards.item)]


def datasets_of(item):
    return list(dict.fromkeys(run.dataset for run in grid.item_runs(config, item)))


def names_of(item, key):
    """Priors or decoders that an item asks for, in the order of the config's own list."""
    asked = {getattr(run, key) for run in grid.item_runs(config, item)}
    return [name for name in config[f"{key}s"] if name in asked]


def notes_of(item):
    return {name: config["datasets"][name].get("note", "") for name in datasets_of(item)}


# Reversion


def reversion_config(wildcards):
    return config["reversion"]["screens"][wildcards.reversion]


def reversion_source(wildcards):
    entry = reversion_config(wildcards)
    if entry["kind"] == "local":
        return in_data_dir(entry["path"])
    return f"results/{wildcards.reversion}/reversion.h5ad"


def made_up_training(wildcards):
    """The recipe of the made-up training screen that a made-up reversion screen is like."""
    return config["datasets"][reversion_config(wildcards)["like"]]["simulation"]


def of_reversion_kind(kind):
    """A wildcard constraint: the reversion screens of a kind; matches nothing where there is none."""
    names = [name for name, entry in config["reversion"]["screens"].items() if entry["kind"] == kind]
    return "|".join(names) or "(?!)"


def reversion_options():
    return {key: config["reversion"][key] for key in ("shuffles", "bootstrap", "seed")}


def reversion_scores():
    """Every encoder's scores and every dataset's references, by the columns that tell them apart."""
    kinds = [(vars(encoder), encoder.folder) for encoder in grid.reversion_encoders(config)]
    kinds += [({"dataset": dataset}, f"results/{dataset}") for dataset in grid.reversion_datasets(config)]
    screens = grid.reversion_screens(config)
    return [
        (about | {"screen": screen}, f"{folder}/reversion-{screen}.csv")
        for screen in screens
        for about, folder in kinds
    ]


def reversion_notes():
    """What Figure 3 says of each screen: its note, and whether the published figure is about it."""
    screens = config["reversion"]["screens"]
    return {
        name: {key: screens[name].get(key) for key in ("note", "published")} for name in grid.reversion_screens(config)
    }
