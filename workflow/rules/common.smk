# What the rules share: the checked config, folders, and the functions that choose inputs.

import re
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

from expressionvae import grid
from expressionvae.config import check_form
from expressionvae.data.downloads import read_downloads
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

DOWNLOADS = read_downloads(config["downloads"] or Path(workflow.basedir) / "resources" / "downloads.yaml")
QUALITY = {name: f"{SCREEN}/quality/{name}.csv" for name in ("steps", "perturbations", "libraries")}
SYMBOLS = str(Path(workflow.basedir) / "resources" / "symbols.tsv")


def downloaded(name):
    """The record of a download, which tells where its file lies: Snakemake deletes outputs, and must not delete these."""
    return f"results/downloads/{DOWNLOADS[name]['file']}.yaml"


def downloaded_or_own(file):
    """A file of data_dir: one of the list of downloads, or a user's own."""
    names = [name for name, entry in DOWNLOADS.items() if entry["file"] == file]
    return downloaded(names[0]) if names else in_data_dir(file)


def downloads_of(prefix):
    """What is stated of some downloads, by the rest of their names."""
    return {name.removeprefix(prefix): entry for name, entry in DOWNLOADS.items() if name.startswith(prefix)}


def parse1m_panel_file(wildcards):
    wanted = dataset_config(wildcards)["counts_from"] != "full"
    return {"panel_file": downloaded("parse1m_hvg2000")} if wanted else {}


def parse1m_sources(wildcards):
    """The file with raw counts and full-panel library sizes: known once the smaller one has been looked into."""
    found = checkpoints.find_parse1m_counts.get(**wildcards).output.found
    return {"found": found, "source": downloaded(f"parse1m_{yaml.safe_load(Path(found).read_text())['file']}")}


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
    return downloaded_or_own(entry["proteins"])


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
    if config["esm2"]["tiny"]:
        return "results/tiny_esm2.pt", "results/tiny_esm2-contact-regression.pt"
    weights = config["esm2"]["checkpoint"]
    return downloaded_or_own(weights), downloaded_or_own(weights.removesuffix(".pt") + "-contact-regression.pt")


# Scores


def predicting_runs(wildcards):
    """The runs of a dataset that predict cells: all but true cells against true cells."""
    runs = grid.all_runs(config)
    return [run for run in runs if run.dataset == wildcards.dataset and run.baseline != "true-vs-true"]


def predicted_cells(wildcards):
    return [f"{run.folder}/cells.h5ad" for run in predicting_runs(wildcards)]


# Tables and figures

PUBLISHED = sorted(str(path) for path in (Path(workflow.basedir) / "resources" / "published").glob("*.csv"))
RENDERED = {"table1": ("csv", "md", "tex"), "figure2": ("pdf", "png")}


def paper_files():
    """What `all` makes: tables and figures, the loss curve of every training, the bins' coverage, the config in force."""
    runs = grid.all_runs(config)
    return [
        *(f"results/paper/{item}.{suffix}" for item in config["paper"] for suffix in RENDERED[item]),
        *(f"{folder}/losses.png" for folder in trainings()),
        *dict.fromkeys(f"results/{run.dataset}/bin_coverage.json" for run in runs),
        *dict.fromkeys(
            f"results/{run.dataset}/quality.{suffix}"
            for run in runs
            for suffix in ("pdf", "png")
            if config["datasets"][run.dataset]["kind"] in ("replogle", "parse1m")
        ),
        *dict.fromkeys(
            f"results/{run.dataset}/recovery.csv"
            for run in runs
            if config["datasets"][run.dataset]["kind"] == "made-up"
        ),
        "results/config.yaml",
    ]


def trainings():
    """The folder of every VAE and prior that the paper needs, each once."""
    return list(dict.fromkeys(folder for run in grid.all_runs(config) for folder in run.trainings))


def summary():
    """Where to look when all is done."""
    made = [f"  results/paper/{item}.{suffix}" for item in config["paper"] for suffix in RENDERED[item]]
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
