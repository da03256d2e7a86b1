# Which priors are sampled, and with whose weights.

from expressionvae.catalogue.heads import ANCHORED
from expressionvae.catalogue.priors import PRIORS


def priors_that_sample(trained):
    """A wildcard constraint: the priors that have trained weights, or those that need none."""
    return "|".join(name for name in config["priors"] if bool(grid.weights(config, name)) == trained) or "(?!)"


def sampled_prior(wildcards):
    """The weights that a prior samples with: its own, or those of another that its entry names."""
    return f"{VAE}/{grid.weights(config, wildcards.prior)}-{{prior_seed}}/prior.pt".format(**wildcards)


def controls_if_anchored(wildcards):
    """The training cells, whose controls the rule anchored moves."""
    anchored = wildcards.predict.removesuffix(grid.TRUE_LIBRARY) == ANCHORED
    return {"train": f"results/{wildcards.dataset}/train.h5ad"} if anchored else {}
