"""The sense of the config, whose form is right: every name known, every choice possible, before any job runs."""

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise, product
from typing import Any

from expressionvae import grid
from expressionvae.catalogue.baselines import FLOOR
from expressionvae.catalogue.heads import HEADS
from expressionvae.catalogue.priors import PRIORS
from expressionvae.files import UserError
from expressionvae.nearest import did_you_mean

Config = Mapping[str, Any]
PATHS = ("path", "proteins")  # keys whose values are files in data_dir
WILDCARDS = re.compile(r"[{}]|<[a-z][a-z0-9_]*>")
ESM2 = "esm2"  # the embedding that needs proteins and a network that reads them


def check(config: Config) -> None:
    """Refuse a config that has the right form but makes no sense.

    Raises:
        UserError: naming the key, the value and what is allowed.
    """
    known("screens", config["screens"], config["datasets"])
    for name, dataset in config["datasets"].items():
        _check_dataset(f"datasets.{name}", dataset)
    _check_paths(config)
    _check_esm2(config)
    _check_bins(config["bins"]["lower"])
    for name, decoder in config["decoders"].items():
        _check_decoder(config, name, decoder)
    for name, prior in config["priors"].items():
        _check_weights(config, name, prior)
    for part in ("vae", "prior"):
        _check_size(f"{part}.model", config[part]["model"])
        _check_devices(config, part)
    known("items", config["items"], config["paper"])
    for item, entry in config["paper"].items():
        for key in ("runs", "companion"):
            for number, block in enumerate(entry.get(key, [])):
                _check_block(config, block, f"paper.{item}.{key}[{number}]")
    for number, block in enumerate(config["composition"]["runs"]):
        _check_predicting(config, block, f"composition.runs[{number}]")
    _check_reversion(config)
    _check_predict(config)
    if not grid.items(config) and grid.scored(config):
        screens = ", ".join(config["screens"])
        raise UserError(f"items: nothing of {', '.join(config['items'])} is about the datasets of `screens`, {screens}")


def check_path(where: str, path: str) -> None:
    """Refuse a path that Snakemake would not take as it stands.

    Braces are its wildcards, <names> its pathvars, and it knows no way to say that they are neither.

    Raises:
        UserError: naming the key or folder, and the path.
    """
    if found := WILDCARDS.search(path):
        raise UserError(
            f"{where}: {path!r} has {found[0]!r}, which Snakemake takes for a wildcard; rename it, or link to it"
        )


def _check_paths(config: Config) -> None:
    paths = {"data_dir": config["data_dir"], "esm2.checkpoint": config["esm2"]["checkpoint"]}
    for section, entries in (("datasets", config["datasets"]), ("reversion.screens", config["reversion"]["screens"])):
        paths |= {f"{section}.{name}.{key}": entry.get(key) for name, entry in entries.items() for key in PATHS}
    for where, path in paths.items():
        if isinstance(path, str):
            check_path(where, path)


def _check_esm2(config: Config) -> None:
    esm2 = config["esm2"]
    wanting = [name for name in config["screens"] if config["datasets"][name]["embedding"] == ESM2]
    if wanting and not (esm2["checkpoint"] or esm2["tiny"]):
        raise UserError(
            f"esm2: both checkpoint and tiny are null, but datasets.{wanting[0]} needs one of them (embedding 'esm2')"
        )
    if esm2["tiny"]:
        _check_size("esm2.tiny", esm2["tiny"])


def _check_dataset(where: str, dataset: Mapping[str, Any]) -> None:
    made_up = dataset["kind"] == "made-up"
    if dataset["embedding"] == ESM2 and "proteins" not in dataset:
        what = "lengths and composition of random ones" if made_up else "the path of a FASTA file"
        raise UserError(f"{where}: embedding 'esm2' needs the key 'proteins', {what}")
    batch = dataset.get("batch_column")
    for key in ("perturbation_column", "cell_type_column"):
        if batch is not None and batch == dataset[key]:
            raise UserError(
                f"{where}.batch_column: {batch!r} is its {key} too; expected a column of donors, plates or days, each "
                "with controls of its own"
            )
    heldout = dataset.get("heldout") or {}
    if heldout and ("each" in heldout) == ("cell_type" in heldout):
        raise UserError(f"{where}.heldout: give either `cell_type`, or `each` with a list of cell types")
    if heldout.get("cell_type") == "each":
        raise UserError(f"{where}.heldout.cell_type: name the cell types: each: [...] in place of cell_type: each")
    if dataset["control"] in heldout.get("perturbations", []):
        raise UserError(
            f"{where}.heldout.perturbations: {dataset['control']!r} is the control, which cannot be held out"
        )
    if made_up:
        recipe = dataset["simulation"]
        known(f"{where}.heldout.cell_type", _cell_types(heldout), recipe["cell_types"], "as a simulated cell type")
        if len(set(recipe["cell_types"])) < len(recipe["cell_types"]):
            raise UserError(f"{where}.simulation.cell_types: {recipe['cell_types']} names a cell type twice")
        if recipe["target"] == "gene" and recipe["perturbations"] > recipe["genes"]:
            raise UserError(
                f"{where}.simulation.perturbations: {recipe['perturbations']} targets, "
                f"more than simulation.genes, {recipe['genes']}"
            )


def _cell_types(heldout: Mapping[str, Any]) -> list[str]:
    """The cell types that `heldout` names."""
    named = heldout.get("cell_type", heldout.get("each", []))
    return list(map(str, named if isinstance(named, list) else [named]))


def _check_bins(lower: list[int]) -> None:
    if lower[0] != 0 or any(first >= second for first, second in pairwise(lower)):
        raise UserError(f"bins.lower: {lower} must ascend from 0, every edge once")


def _check_decoder(config: Config, name: str, decoder: Mapping[str, str]) -> None:
    head, predict = decoder["head"], decoder["predict"]
    known(f"decoders.{name}.head", [head], config["heads"])
    known(f"decoders.{name}.predict", [predict], HEADS[head].predicts, f"for head {head!r}")
    if "library_size" in decoder and not HEADS[head].takes_library:
        heads = ", ".join(name for name, card in HEADS.items() if card.takes_library)
        raise UserError(f"decoders.{name}.library_size: head {head!r} takes no library size; only {heads} does")


def _check_weights(config: Config, name: str, prior: Mapping[str, Any]) -> None:
    if "weights" not in prior:
        return
    trained = {other: entry for other, entry in config["priors"].items() if entry.get("kind") in PRIORS}
    with_steps = [other for other, entry in trained.items() if "steps" in entry]
    known(f"priors.{name}.weights", [prior["weights"]], with_steps, "as a trained prior that samples in steps")


def _check_size(where: str, size: Mapping[str, Any]) -> None:
    if size["width"] % size["heads"]:
        raise UserError(f"{where}.width: {size['width']} is not a multiple of {where}.heads, {size['heads']}")


def _check_devices(config: Config, part: str) -> None:
    devices, cells = config[part]["devices"], config[part]["training"]["batch_size"]
    if cells % devices:
        raise UserError(
            f"{part}.devices: {devices} devices cannot take equal shares of {part}.training.batch_size, {cells} cells"
        )


def _check_block(config: Config, block: Mapping[str, Any], where: str) -> None:
    known(f"{where}.dataset", block.get("dataset", []), config["datasets"])
    if "baseline" in block:
        known(f"{where}.baseline", block["baseline"], [FLOOR, *config["baselines"]])
        return
    for key, section in {"bottleneck": "bottlenecks", "prior": "priors", "decoder": "decoders"}.items():
        known(f"{where}.{key}", block[key], config[section])
    for bottleneck, prior in product(block["bottleneck"], block["prior"]):
        _check_pair(config, bottleneck, prior, where)


def _check_pair(config: Config, bottleneck: str, prior: str, where: str) -> None:
    trained = grid.weights(config, prior)
    if not trained:
        return
    kind, wanted = config["bottlenecks"][bottleneck]["kind"], PRIORS[config["priors"][trained]["kind"]].bottleneck
    if kind != wanted:
        fitting = [name for name, entry in config["bottlenecks"].items() if entry["kind"] == wanted]
        raise UserError(
            f"{where}: prior {prior!r} cannot model bottleneck {bottleneck!r} (kind {kind!r}); "
            f"it needs kind {wanted!r}: {', '.join(fitting) or 'none in this config'}"
        )


def _check_reversion(config: Config) -> None:
    item = config["paper"].get("figure3", {})
    sections = {"bottleneck": "bottlenecks", "head": "heads", "dataset": "datasets"}
    known("paper.figure3.screens", item.get("screens", []), config["reversion"]["screens"])
    for key, section in sections.items():
        known(f"paper.figure3.{key}", item.get(key, []), config[section])
    made_up = {name: entry for name, entry in config["datasets"].items() if entry["kind"] == "made-up"}
    for name, entry in config["reversion"]["screens"].items():
        if entry["kind"] == "made-up":
            where = f"reversion.screens.{name}"
            known(f"{where}.like", [entry["like"]], made_up, "as a made-up dataset")
            types, recipe = made_up[entry["like"]]["simulation"]["cell_types"], entry["simulation"]
            known(f"{where}.simulation.cell_type", [recipe["cell_type"]], types, f"as a cell type of {entry['like']}")
            if recipe["positives"] + 2 > recipe["targets"]:
                raise UserError(
                    f"{where}.simulation.positives: {recipe['positives']} of {recipe['targets']} targets; "
                    "at least two fewer than targets"
                )


def _check_predict(config: Config) -> None:
    asked = config["predict"]["datasets"]
    known("predict.datasets", asked, config["datasets"], "as a dataset")
    for name, entry in asked.items():
        if "each" in (config["datasets"][name].get("heldout") or {}):
            raise UserError(
                f"predict.datasets.{name}: its heldout has `each`, which makes several datasets; describe one without, "
                "with heldout null, and ask for that"
            )
        if entry.get("weights"):
            check_path(f"predict.datasets.{name}.weights", entry["weights"])
    for number, block in enumerate(config["predict"]["runs"]):
        _check_predicting(config, block, f"predict.runs[{number}]")


def _check_predicting(config: Config, block: Mapping[str, Any], where: str) -> None:
    """A block of runs that predict what may have no true cells."""
    _check_block(config, block, where)
    trained = [name for name in config["priors"] if grid.weights(config, name)]
    known(f"{where}.prior", block["prior"], trained, "as a prior that predicts without true cells")


def known(where: str, values: Iterable[str], allowed: Iterable[str], note: str = "") -> None:
    """Raise UserError for the first of `values` that is not `allowed`, with those that are; `note` says for what."""
    allowed = list(allowed)
    for value in values:
        if value not in allowed:
            hint = did_you_mean(str(value), allowed)
            raise UserError(f"{where}: unknown {value!r} {note}{note and ' '}(allowed: {', '.join(allowed)}){hint}")
