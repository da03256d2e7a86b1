"""`heldout: {each: [...]}`: a screen that becomes several datasets, in each of which another cell type is held out."""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

from expressionvae.files import UserError


def expand(config: MutableMapping[str, Any]) -> None:
    """Put a dataset for each cell type in the place of every dataset whose `heldout` has `each`, in place.

    `mine` becomes `mine-b-cells`, `mine-t-cells`, with trainings of their own, wherever the config names it.
    Raises: UserError where two datasets would have one name.
    """
    found: dict[str, Any] = {}
    names = {}
    for name, entry in config["datasets"].items():
        made = _datasets(name, entry)
        names[name] = list(made)
        if twice := sorted({*made} & ({*found} | ({*config["datasets"]} - {name}))):
            raise UserError(f"datasets.{name}.heldout.each: makes the dataset {twice[0]!r}, which is there already")
        found |= made
    if list(found) == list(config["datasets"]):
        return
    config["datasets"] = found
    config["screens"] = _named(config["screens"], names)
    for item in config["paper"].values():
        for block in (item, *item.get("runs", ()), *item.get("companion", ())):
            if "dataset" in block:
                block["dataset"] = _named(block["dataset"], names)


def _datasets(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    heldout = entry.get("heldout") or {}
    if "each" not in heldout:
        return {name: entry}
    rest = {key: value for key, value in heldout.items() if key != "each"}
    made: dict[str, Any] = {}
    for cell_type in heldout["each"]:
        slug = re.sub("[^a-z0-9]+", "-", str(cell_type).lower()).strip("-")
        whole = f"{name}-{slug}"
        if not slug or len(whole) > 60 or whole in made:
            why = "as another of them does" if whole in made else "which can be no name (at most 60 characters)"
            raise UserError(
                f"datasets.{name}.heldout.each: {cell_type!r} makes the dataset {whole!r}, {why}; rename it"
            )
        made[whole] = {**entry, "heldout": {"cell_type": cell_type, **rest}}
    return made


def _named(datasets: list[str], names: Mapping[str, list[str]]) -> list[str]:
    return [made for name in datasets for made in names.get(name, [name])]
