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
    page="[a-z0-9.-]+",


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
RENDERED = {"table1": ("csv", "md", "tex"), "figure2": ("pdf", "png")}


def paper_files():
    """What `all` makes: tables and figures, the loss curve of every training, the bins' coverage, the config in force."""
    runs = grid.all_runs(config)
    return [
        *(f"results/paper/{item}.{suffix}" for item in config["paper"] for suffix in RENDERED[item]),
        *(f"{folder}/losses.png" for folder in trainings()),
        *dict.fromkeys(f"results/{run.dataset}/bin_coverage.json" for run in runs),
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


# Richness, and what the report shows

FIGURE1_SECTIONS = "screens datasets esm2 bottlenecks heads decoders priors vae prior".split()
TABLES, FIGURES, CLAIMS, CURVES, RUN_ITSELF = "1 Tables", "2 Figures", "3 Claims", "4 Training curves", "5 The run"
# What a reader calls a file of results/paper, where that is more than its name with a capital.
TITLES = {
    "figure1": "Figure 1: the pipeline",
    "figure2": "Figure 2: decoders under each prior",
    "figure3": "Figure 3: reversion",
    "richness": "Richness against each metric",
    "config": "Config in force",
    "resources": "Run times and memory",
    "mdlm-steps": "MDLM steps",
}
CATEGORIES = dict.fromkeys(("config", "resources", "versions"), RUN_ITSELF) | {"claims": CLAIMS}


def richness_runs():
    """The models whose richness is drawn against their scores."""
    return [run for run in grid.item_runs(config, "figure2") if not run.baseline]


def richness_files(wildcards):
    return [f"{run.folder}/richness.csv" for run in richness_runs()]


def report_files():
    """What the report shows besides `paper_files`: a page for each of their Markdown files, and the run itself."""
    pages = [Path(file).stem for file in paper_files() if file.endswith(".md")] + ["config", "resources", "versions"]
    drawn = [f"{PAPER}/{item}.{suffix}" for item in ("figure1", "richness") for suffix in ("pdf", "png")]
    told = [f"{PAPER}/{item}.{suffix}" for item in ("resources", "versions") for suffix in ("csv", "md")]
    return [*drawn, f"{PAPER}/richness.csv", *told, *(f"{PAPER}/{page}.html" for page in dict.fromkeys(pages))]


def page_source(wildcards):
    """What a page is made from."""
    return "results/config.yaml" if wildcards.page == "config" else f"{PAPER}/{wildcards.page}.md"


def page_category(wildcards):
    item = wildcards.page.removesuffix(".compared")
    return CATEGORIES.get(item, FIGURES if item.startswith("figure") else TABLES)


def labels(page):
    """How the report lists a file of results/paper: its title, and whether the paper's numbers stand beside ours."""
    item, compared = page.removesuffix(".compared"), page.endswith(".compared")
    plain = re.sub(r"^table(\d+)$", r"Table \1", item).replace("-", " ")
    title = TITLES.get(item, plain[:1].upper() + plain[1:])
    return {"Result": f"{title}, beside the paper" if compared else title}


def training_labels(folder):
    """How the report lists the curve of a training: the decisions that its folder names."""
    _, dataset, bottleneck, head, vae, *prior = folder.split("/")
    return {
        "Screen": dataset,
        "Bottleneck": bottleneck,
        "Head": head,
        "Training": f"prior {prior[0]} on {vae}" if prior else vae,
    }
