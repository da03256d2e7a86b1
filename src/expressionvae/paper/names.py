"""How the paper writes the names that configs and paths write plainly; an unknown name stands as it is."""

import re

from expressionvae.catalogue import heads, priors
from expressionvae.catalogue.baselines import BASELINES

DATASETS = {"replogle": "Replogle", "parse1m": "Parse 1M"}
PRIORS = {priors.TRUE_CODES: "True codes"} | {kind: card.label for kind, card in priors.PRIORS.items()}
BOTTLENECKS = {"fsq": "FSQ", "gaussian": "Gaussian"}
HEADS = {name: card.label for name, card in heads.HEADS.items()}  # as in Figure 3
DECODERS = {
    "nb-deter": "nb (deter)",
    "nb-sample-told": "nb-sample, true library",
    "nb-sample-drawn": "nb-sample, drawn library",
    "nb-draws": "nb, mean of draws",
    "ce-midpoint": "ce-quant, midpoints",
    "hurdle-anchored": "hurdle, anchored",
    "nb-anchored": "nb, anchored",
}
# Decoders that the paper prints, by the names of those that differ from them in the library size alone.
PRINTED_DECODERS = {"nb-sample-told": "nb-sample", "nb-sample-drawn": "nb-sample"}
# In Table 4's run labels; its NB is the deterministic rule, as in Tables 5-9.
SHORT = {"nb-deter": "NB", "mse": "MSE", "hurdle": "Hurdle", "ce-quant": "CE", "nb-sample": "NB-sample"}


def dataset(name: str) -> str:
    return DATASETS.get(name, name)


def prior(name: str) -> str:
    return PRIORS.get(name, name)


def bottleneck(name: str) -> str:
    return BOTTLENECKS.get(name, name)


def short(decoder: str) -> str:
    """A decoder in a run label: "MSE" in "AR-FSQ-MSE"."""
    return SHORT.get(decoder, decoder)


def head(name: str) -> str:
    return HEADS.get(name, name)


def decoder(name: str) -> str:
    return DECODERS.get(name, name)


def baseline(name: str, published: bool = False) -> str:
    """A baseline's name; with `published`, as the paper's Table 1 has it."""
    card = BASELINES.get(name)
    if card is None:
        return name
    return card.printed if published and card.printed else card.label


def item(name: str) -> str:
    """A published item as the paper calls it: "Figure 2" for figure2."""
    return re.sub(r"^(table|figure)(\d+)$", lambda found: f"{found[1].capitalize()} {found[2]}", name)
