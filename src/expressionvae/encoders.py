"""The reversion benchmark's part of the grid: no runs, but encoders and what is compared with them.

Standard library only: every job of a cluster reads this again.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from expressionvae.folders import SCREEN, VAE

PAPER_KINDS = ("replogle", "parse1m")  # kinds of the datasets that the paper is about


@dataclass(frozen=True, order=True)
class Encoder:
    """A trained VAE whose frozen encoder Figure 3 shows."""

    dataset: str
    bottleneck: str
    head: str
    vae_seed: int

    @property
    def folder(self) -> str:
        return f"{SCREEN}/{VAE}".format(**vars(self))


def screens(config: Mapping[str, Any]) -> list[str]:
    """Names of the reversion screens that Figure 3 shows; none where the config asks for no such figure.

    The paper's own reversion screen (53 GB) is shown for the paper's datasets; a lab's screen has it beside them alone,
    or where `paper.figure3.dataset` names the lab's.
    """
    item = config["paper"].get("figure3")
    if "figure3" not in config["items"] or not item:
        return []
    asked = _asked(config)
    of_paper = "dataset" in item or any(config["datasets"][name]["kind"] in PAPER_KINDS for name in asked)
    known = config["reversion"]["screens"]
    return [name for name in item["screens"] if asked and (of_paper or not known[name].get("published"))]


def datasets(config: Mapping[str, Any]) -> list[str]:
    """Datasets whose encoders Figure 3 shows."""
    return _asked(config) if screens(config) else []


def _asked(config: Mapping[str, Any]) -> list[str]:
    asked = config["paper"]["figure3"].get("dataset", config["screens"])
    return [name for name in asked if name in config["screens"]]


def encoders(config: Mapping[str, Any]) -> list[Encoder]:
    """Every encoder that Figure 3 shows, once, in the order of the config."""
    if not screens(config):
        return []
    item = config["paper"]["figure3"]
    seeds = dict.fromkeys(training["vae"] for training in config["replicates"]["trainings"])
    kinds = itertools.product(datasets(config), item["bottleneck"], item["head"])
    return [Encoder(*kind, vae_seed=seed) for kind in kinds for seed in seeds]


def score_files(config: Mapping[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """The score file of every encoder and of every dataset's references, with the columns that tell them apart."""
    kinds = [(vars(encoder), encoder.folder) for encoder in encoders(config)]
    kinds += [({"dataset": dataset}, SCREEN.format(dataset=dataset)) for dataset in datasets(config)]
    return [
        (about | {"screen": screen}, f"{folder}/reversion-{screen}.csv")
        for screen in screens(config)
        for about, folder in kinds
    ]
