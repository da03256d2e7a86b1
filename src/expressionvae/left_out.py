"""Leave-one-context-out: for some training cell types of a screen a dataset of its own, in which they are held out.

A left-out dataset is made of the training cells of its screen alone, so that it tells of composition, the prediction of
unseen combinations, without a look at what the screen itself holds out. Which cell types they are is known once the
screen is read; their names only number them: mine-left-out-1, mine-left-out-2.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from expressionvae import grid
from expressionvae.catalogue.baselines import SEEDLESS

KIND = "left-out"
_ENDING = "-left-out-"


def datasets(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The left-out datasets of all screens by name: the entry of their screen, of a kind of their own."""
    number = config["composition"]["cell_types"]
    return {
        f"{name}{_ENDING}{place}": {**config["datasets"][name], "kind": KIND, "of": name, "place": place}
        for name in screens(config)
        for place in range(1, number + 1)
    }


def screens(config: Mapping[str, Any]) -> list[str]:
    """The config's `screens` of which cell types are left out: those that have a column of them, or are made up."""
    if not config["composition"]["cell_types"]:
        return []
    return [name for name in config["screens"] if config["datasets"][name].get("cell_type_column", "") is not None]


def runs(config: Mapping[str, Any], screen: str) -> list[list[grid.Run]]:
    """Of each left-out dataset of a screen its runs: the models with one training, and the baselines that need none."""
    first = {**config["replicates"], "trainings": config["replicates"]["trainings"][:1]}
    baselines = {"baseline": list(SEEDLESS)}
    asked = {**config, "replicates": first}
    found = [
        run for block in [*config["composition"]["runs"], baselines] for run in grid.expand(asked, block, [screen])
    ]
    names = [name for name, entry in datasets(config).items() if entry["of"] == screen]
    return [[replace(run, dataset=name) for run in found] for name in names]
