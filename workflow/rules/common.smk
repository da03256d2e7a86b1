from pathlib import Path

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


ENVIRONMENT = "../../envs/expressionvae.yaml"


def dataset_config(wildcards):
    return config["datasets"][wildcards.dataset]


def of_kind(*kinds):
    """A wildcard constraint: the datasets of some kinds; matches nothing where there is none."""
    names = [
        name for name, entry in config["datasets"].items() if entry["kind"] in kinds
    ]
    return "|".join(names) or "(?!)"


def in_data_dir(name):
    return str(Path(config["data_dir"]) / name)
