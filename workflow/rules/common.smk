# What the rules share: the checked config, folders, and what more than one chapter asks of them.

import os
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

from expressionvae import arithmetic, each, encoders, foreign, grid, left_out, sense, work
from expressionvae import pairs as asked_pairs
from expressionvae.config import check_form, fill_in
from expressionvae.data.download_list import read_downloads, stated
from expressionvae.proteins.esm_files import regression_path
from expressionvae.folders import FOLDERS
from expressionvae.files import UserError, digest, require_writable
from expressionvae.strict import read_yaml

# This repository, whichever Snakefile is run: another workflow may mount this one as a module.
HERE = Path(os.path.abspath(str(workflow.current_basedir))).parents[1]
RESOURCES = HERE / "resources"

arithmetic.make_reproducible()  # for the process of every rule, also of those that load nothing of ours

try:
    if workflow.is_main_process:
        sense.check_path("the workflow's folder", str(HERE))
        require_writable(Path.cwd(), ".snakemake", "results", "logs")
        for file in workflow.configfiles:
            read_yaml(file)  # as Snakemake has, but for what YAML allows and nobody means
    check_form(config, HERE / "config" / "schema.yaml")
    fill_in(config, HERE / "config" / "schema.yaml")
    sense.check(config)
    each.expand(config)
    BASELINES = foreign.read(config, HERE / "baselines")
    foreign.refuse_unseen(config, BASELINES)
    PAIRS = asked_pairs.read(config)
    if workflow.is_main_process:
        asked_pairs.require_weights(config)
    DOWNLOADS = read_downloads(config["downloads"] or RESOURCES / "downloads.yaml")
except UserError as error:
    raise WorkflowError(str(error)) from None
if workflow.is_main_process and grid.not_made(config):
    print(grid.not_made(config), file=sys.stderr)


# Folders by the decisions they depend on. (Snakemake's `pathvars` would expand them too late: after the wildcards
# of a rule's outputs have been constrained.)
SCREEN, VAE, PRIOR, CELLS, TRUE, MODEL, RERUN, RUN = FOLDERS
PAPER = "results/paper"
SAMPLES = config["replicates"]["samples"]
PLANNING = bool(
    os.environ.get("EXPRESSIONVAE_PLANNING")
)  # workflow/planned.py counts jobs that a checkpoint would tell of
ENVIRONMENT = "../../envs/expressionvae.yaml"
# `local`: part of the workflow, never in the store that results lie in where jobs share no file system.
# Given to rules by a function of their outputs, so that nothing runs again when the workflow's folder moves.
SYMBOLS = local(str(RESOURCES / "symbols.tsv"))


wildcard_constraints:
    dataset="[^/]+",
    bottleneck="[^/]+",
    head="[^/]+",
    baseline="[a-z0-9-]+",
    prior="[^/]+?",
    predict="[a-z-]+",
    decoder="[^/]+",
    cell_type="[^/]+",
    perturbation="[^/]+",
    vae_seed=r"\d+",
    prior_seed=r"\d+",
    sample_seed=r"\d+",
    run=r".+",
    reversion="[a-z0-9-]+",


def log_of(rule, folder=""):
    """Where a rule's jobs say what they do: beside those of the same results."""
    return f"{Path('logs', rule, folder.removeprefix('results/'))}.log"


def benchmark_of(rule, folder=""):
    """Where the time and memory of a rule's jobs are put down."""
    return f"{Path('results', 'benchmarks', rule, folder.removeprefix('results/'))}.tsv"


def each_seed(pattern):
    """One file for every sampling seed: a job serves them all, since loading models takes longer than drawing."""
    return [pattern.replace("{sample_seed}", str(seed)) for seed in SAMPLES]


def dataset_entry(wildcards):
    """What the config says of a dataset; of a left-out one what it says of its screen."""
    return config["datasets"].get(wildcards.dataset) or left_out.datasets(config)[wildcards.dataset]


def dataset_config(wildcards):
    """A dataset's entry, less what scores alone read: another epsilon must not prepare the screen again."""
    return work.without(dataset_entry(wildcards), "fold_change_epsilon")


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


def downloaded_or_own(file):
    """A file of data_dir: one of the list of downloads, or a user's own."""
    names = [name for name, entry in DOWNLOADS.items() if entry["file"] == file]
    return downloaded(names[0]) if names else in_data_dir(file)


def downloaded(name):
    """The record of a download, which tells where its file lies: Snakemake deletes outputs, and must not delete these."""
    return f"results/downloads/{DOWNLOADS[name]['file']}.yaml"


def versions(*names):
    """A param: which versions of downloads are in data_dir."""
    return lambda wildcards: [work.version(downloaded(name)) for name in names]


def fold_change_epsilon(wildcards):
    return dataset_entry(wildcards).get("fold_change_epsilon", 0)


def training_of(part):
    """A param: the optimisation of a stage; of a left-out dataset with as many steps as `composition` says."""

    def given(wildcards):
        training = work.without(config[part]["training"], "checkpoint_every")
        steps = config["composition"]["iterations"][part]
        short = steps and dataset_entry(wildcards)["kind"] == left_out.KIND
        return training | {"iterations": steps} if short else training

    return given
