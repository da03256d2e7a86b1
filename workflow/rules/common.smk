# What the rules share: the checked config, folders, and the functions that choose inputs.

import re
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

from expressionvae import arithmetic, grid, sense, work
from expressionvae.config import check_form
from expressionvae.data.download_list import read_downloads, stated
from expressionvae.proteins.esm_files import regression_path
from expressionvae.files import UserError, require_writable
from expressionvae.strict import read_yaml

RESOURCES = Path(workflow.basedir) / "resources"

arithmetic.settle()  # for the process of every rule, also of those that load nothing of ours

try:
    if workflow.is_main_process:
        sense.check_path("the workflow's folder", workflow.basedir)
        require_writable(Path.cwd(), ".snakemake", "results", "logs")
        for file in workflow.configfiles:
            read_yaml(file)  # as Snakemake has, but for what YAML allows and nobody means
    check_form(config, Path(workflow.basedir) / "config" / "schema.yaml")
    sense.check(config)
    DOWNLOADS = read_downloads(config["downloads"] or RESOURCES / "downloads.yaml")
except UserError as error:
    raise WorkflowError(str(error)) from None
if workflow.is_main_process and grid.left_out(config):
    print(grid.left_out(config), file=sys.stderr)


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
    run=r".+",
    reversion="[a-z0-9-]+",


ENVIRONMENT = "../../envs/expressionvae.yaml"
SAMPLES = config["replicates"]["samples"]


def each_seed(pattern):
    """One file for every sampling seed: a job serves them all, since loading models takes longer than drawing."""
    return [pattern.replace("{sample_seed}", str(seed)) for seed in SAMPLES]


def dataset_config(wildcards):
    """A dataset's entry, less what scores alone read: another epsilon must not prepare the screen again."""
    entry = config["datasets"][wildcards.dataset]
    return {key: value for key, value in entry.items() if key != "fold_change_epsilon"}


def dataset_part(*keys):
    """A param: what a rule's work depends on of its dataset."""
    return lambda wildcards: work.part(dataset_config(wildcards), *keys)


def evaluation_part(*keys):
    return work.part(config["evaluation"], *keys)


def of_kind(*kinds):
    """A wildcard constraint: the datasets of some kinds; matches nothing where there is none."""
    names = [name for name, entry in config["datasets"].items() if entry["kind"] in kinds]
    return "|".join(names) or "(?!)"


def in_data_dir(name):
    return str(Path(config["data_dir"]) / name)


# Data

# `local`: part of the workflow, never in the store that results lie in where jobs share no file system.
# Given to rules by a function of their outputs, so that nothing runs again when the workflow's folder moves.
SYMBOLS = local(str(RESOURCES / "symbols.tsv"))
QUALITY = {name: f"{SCREEN}/quality/{name}.csv" for name in ("steps", "perturbations", "libraries")}


def downloaded(name):
    """The record of a download, which tells where its file lies: Snakemake deletes outputs, and must not delete these."""
    return f"results/downloads/{DOWNLOADS[name]['file']}.yaml"


def downloaded_or_own(file):
    """A file of data_dir: one of the list of downloads, or a user's own."""
    names = [name for name, entry in DOWNLOADS.items() if entry["file"] == file]
    return downloaded(names[0]) if names else in_data_dir(file)


def download_entry(wildcards):
    return next(entry for entry in DOWNLOADS.values() if entry["file"] == wildcards.file)


def on_difference(file):
    """What the screens that read a file of the list want where it is not as stated; all must agree to go on."""
    name = next(name for name, entry in DOWNLOADS.items() if entry["file"] == file)
    wanted = {
        entry.get("on_difference", "stop")
        for entry in [*config["datasets"].values(), *config["reversion"]["screens"].values()]
        if name.startswith(f"{entry['kind']}_") or file in (entry.get("proteins"), entry.get("path"))
    }
    return "report" if wanted == {"report"} else "stop"


def versions(*names):
    """A param: which versions of downloads are in data_dir."""
    return lambda wildcards: [work.version(downloaded(name)) for name in names]


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


def sequences_if_embedded(wildcards):
    """The proteins by which a screen's perturbations are told apart. `ancient`: newer ones make no other split."""
    entry = dataset_config(wildcards)
    if entry["embedding"] == "learned" or entry["kind"] == "made-up":
        return {}
    return {"fasta": ancient(protein_sequences(wildcards))}


def twins(wildcards):
    """Whether held-out and training labels with the same proteins stop: a published screen's can only be reported."""
    return dataset_config(wildcards).get("on_difference", "stop")


def perturbed_genes(wildcards):
    """The screen whose perturbations want a protein; a made-up screen's FASTA holds those alone."""
    if dataset_config(wildcards)["kind"] == "made-up":
        return {}
    return {part: f"results/{wildcards.dataset}/{part}.h5ad" for part in ("train", "heldout")}


def made_up_sequences(wildcards):
    """What the effects of a made-up screen follow: the proteins themselves, so that no count hangs on a network."""
    if dataset_config(wildcards)["embedding"] == "learned":
        return {}
    return {"proteins": f"results/{wildcards.dataset}/proteins.fasta"}


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


# Priors


def priors_that_sample(trained):
    """A wildcard constraint: the priors that have trained weights, or those that need none."""
    return "|".join(name for name in config["priors"] if bool(grid.weights(config, name)) == trained) or "(?!)"


def sampled_prior(wildcards):
    """The weights that a prior samples with: its own, or those of another that its entry names."""
    return f"{VAE}/{grid.weights(config, wildcards.prior)}-{{prior_seed}}/prior.pt".format(**wildcards)


# Scores


def predicted_cells(wildcards):
    return [f"{run.folder}/cells.h5ad" for run in grid.predicting_runs(config, wildcards.dataset)]


def fold_change_epsilon(wildcards):
    return config["datasets"][wildcards.dataset].get("fold_change_epsilon", 0)


# Tables and figures

PUBLISHED = [local(str(path)) for path in sorted((RESOURCES / "published").glob("*.csv"))]
PRINTED = {Path(path).stem for path in PUBLISHED}  # the items that the paper has
PUBLISHED_SETTINGS = [local(str(path)) for path in sorted((RESOURCES / "published" / "settings").glob("*.csv"))]
SETTINGS_TABLES = ["table2", "table3"]
FIGURE_ITEMS = ["figure1", "figure2", "figure3", "richness"]
ITEMS = grid.items(config)
SCORE_TABLES = [item for item in config["paper"] if item not in FIGURE_ITEMS and grid.item_runs(config, item)]
ENDINGS = {
    "scores": {"scores": "scores.csv"},
    "compared": {"compared_csv": "compared.csv", "compared_md": "compared.md"},
}


def rendered(item, *kinds):
    """The files of a table or figure, by name: results/paper/{item}.csv and so on."""
    endings = {name: ending for kind in kinds for name, ending in ENDINGS.get(kind, {kind: kind}).items()}
    return {name: f"{PAPER}/{item}.{ending}" for name, ending in endings.items()}


def shown(item):
    """The kinds of files of an item that a reader opens."""
    if item in SETTINGS_TABLES:
        return "csv", "md", "tex"
    if item == "claims":
        return "csv", "md"
    if item == "figure3":
        return "pdf", "png", "csv", "md"
    if item in FIGURE_ITEMS:
        return "pdf", "png"
    return ("csv", "md", "tex", "compared") if item in PRINTED else ("csv", "md", "tex")


def paper_files():
    """What `all` makes: tables and figures, the loss curve of every training, the bins' coverage, the config in force."""
    return [
        *made_files(),
        *(f"{folder}/losses.png" for folder in grid.trainings(config)),
        *coverage_files(),
        *(
            f"results/{name}/quality.{end}"
            for name in grid.datasets_of_kind(config, *grid.PAPER_KINDS)
            for end in ("pdf", "png")
        ),
        *(f"results/{name}/recovery.csv" for name in grid.datasets_of_kind(config, "made-up")),
        "results/config.yaml",
    ]


def coverage_files():
    return [f"results/{name}/bin_coverage.json" for name in grid.datasets(config)]


def made_files():
    """The files of all tables and figures that the config asks for."""
    return [file for item in ITEMS for file in rendered(item, *shown(item)).values()]


def scored_items():
    """The tables and figures with scores behind them, which the claims are judged on."""
    return [item for item in ITEMS if grid.item_runs(config, item)]


def made_up():
    """Names of the simulated screens, for training and for reversion."""
    screens = config["datasets"] | config["reversion"]["screens"]
    return [name for name, entry in screens.items() if entry["kind"] == "made-up"]


def summary():
    """Where to look when tables and figures are done; nothing after a target that made none."""
    made = [f"  {file}" for file in made_files() if file.endswith((".md", ".png")) and Path(file).exists()]
    if len(made) < len(ITEMS):
        return ""
    kinds = "(the same as .csv and .tex, or .pdf, beside them)"
    return "\n".join(
        [
            "",
            f"Tables and figures {kinds}:",
            *made,
            "Everything else lies in results/; README.md says what each file means.",
        ]
    )


def score_files(kind, item):
    return [f"{run.folder}/{kind}.csv" for run in grid.item_runs(config, item)]


def companion_files(item):
    """The two score files of each run beside an item, one after the other."""
    runs = grid.companion_runs(config, item)
    return [f"{run.folder}/{kind}.csv" for run in runs for kind in ("distribution", "effects")]


def run_records(item):
    return [vars(run) for run in grid.item_runs(config, item)]


def notes_of(item):
    return {name: config["datasets"][name].get("note", "") for name in grid.datasets(config, item)}


# What the report shows

SETTINGS_SECTIONS = "bottlenecks heads bins vae priors prior validation".split()
FIGURE1_SECTIONS = "screens datasets esm2 bottlenecks heads decoders priors vae prior".split()
IN_TABLES, IN_FIGURES, IN_CLAIMS, IN_CURVES, IN_RUN = (
    "1 Tables",
    "2 Figures",
    "3 Claims",
    "4 Training curves",
    "5 The run",
)
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
CATEGORIES = dict.fromkeys(("config", "resources", "versions"), IN_RUN) | {"claims": IN_CLAIMS}


def pages():
    """The tables that the report shows as pages: those of the paper, and what tells about the run itself."""
    return [*(Path(file).stem for file in made_files() if file.endswith(".md")), "config", "resources", "versions"]


def report_files():
    """What the report shows besides `paper_files`."""
    return [f"{PAPER}/{page}.html" for page in pages()]


def page_source(page):
    """What a page is made from."""
    return "results/config.yaml" if page == "config" else f"{PAPER}/{page}.md"


def page_category(page):
    item = page.removesuffix(".compared")
    return CATEGORIES.get(item, IN_FIGURES if item in FIGURE_ITEMS else IN_TABLES)


def labels(page):
    """How the report lists a file of results/paper: its title, and whether the paper's numbers stand beside ours."""
    item, compared = page.removesuffix(".compared"), page.endswith(".compared")
    plain = re.sub(r"^table(\d+)$", r"Table \1", item).replace("-", " ")
    title = TITLES.get(item, plain[:1].upper() + plain[1:])
    return {"Result": f"{title}, beside the paper" if compared else title}


def page_labels(page):
    """The same of a page; a figure's is its numbers."""
    return {"Result": labels(page)["Result"] + (", in numbers" if page in FIGURE_ITEMS else "")}


def training_labels(folder):
    """How the report lists the curve of a training: the decisions that its folder names."""
    _, dataset, bottleneck, head, vae, *prior = folder.split("/")
    return {
        "Screen": dataset,
        "Bottleneck": bottleneck,
        "Head": head,
        "Training": f"prior {prior[0]} on {vae}" if prior else vae,
    }


# Reversion


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


def reversion_notes():
    """What Figure 3 says of each screen: its note, and whether the published figure is about it."""
    screens = config["reversion"]["screens"]
    return {
        name: {key: screens[name].get(key) for key in ("note", "published")} for name in grid.reversion_screens(config)
    }
