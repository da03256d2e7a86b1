"""The experiment grid: which runs the tables and figures ask for, and where each of their files lies.

Standard library only: every job of a cluster reads this again.
"""

import difflib
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from expressionvae.files import UserError

# One decision is one folder level, in the order in which decisions are taken.
SCREEN = "results/{dataset}"
VAE = "{bottleneck}/{head}/vae-{vae_seed}"
PRIOR = "{prior}-{prior_seed}"
RULE = "{predict}-{sample_seed}"
BASELINE = "baselines/{baseline}-{sample_seed}"

# The same as whole paths, for the rules: screen, VAE, prior, decoded cells, baseline, and any run with a cells.h5ad.
FOLDERS = (
    SCREEN,
    f"{SCREEN}/{VAE}",
    f"{SCREEN}/{VAE}/{PRIOR}",
    f"{SCREEN}/{VAE}/{PRIOR}/{RULE}",
    f"{SCREEN}/{BASELINE}",
    f"{SCREEN}/{{run}}-{{sample_seed}}",
)

# What each prior can model, and how each head can predict: facts of the library that the config must respect.
PRIOR_BOTTLENECK = {"ar": "fsq", "mdlm": "fsq", "flow": "gaussian"}
TRUE_CODES = "true-codes"  # kind of a prior that is none: the true held-out cells, encoded; what the VAE alone loses
SAMPLING = ("steps",)  # options of a prior that its training does not depend on
HEAD_RULES = {"ce": ("sample",), "nb": ("sample", "mean"), "hurdle": ("sample",), "mse": ("mean",)}
TRUE_LIBRARY = "-true-library"  # ending of a predict rule that is told the true cell's library: the authors' way
LIBRARY_HEADS = ("nb",)
BASELINES = ("control", "perturb-mean", "true-vs-true")


@dataclass(frozen=True, order=True)
class Run:
    """One row of scores: a model's decoded cells, or a baseline's (then the model's fields are empty)."""

    dataset: str
    baseline: str = ""
    bottleneck: str = ""
    head: str = ""
    vae_seed: int = 0
    prior: str = ""
    prior_seed: int = 0
    decoder: str = ""
    predict: str = ""
    sample_seed: int = 0
    trained: str = ""  # the prior whose weights it samples with; "" where none is trained

    @property
    def folder(self) -> str:
        """Where its cells and scores lie; two runs with one folder are one run."""
        return self._path(f"{SCREEN}/{BASELINE}" if self.baseline else f"{SCREEN}/{VAE}/{PRIOR}/{RULE}")

    @property
    def trainings(self) -> tuple[str, ...]:
        """Folders of the VAE and the prior that it needs; none for a baseline."""
        if self.baseline:
            return ()
        vae = self._path(f"{SCREEN}/{VAE}")
        return (vae, f"{vae}/{self.trained}-{self.prior_seed}") if self.trained else (vae,)

    @property
    def sampled(self) -> str:
        """The latents that it decodes; those of one prior and seed serve all predict rules."""
        return self._path(f"{SCREEN}/{VAE}/{PRIOR}/latents-{{sample_seed}}.npz")

    def _path(self, pattern: str) -> str:
        return pattern.format(**vars(self))


def item_runs(config: Mapping[str, Any], item: str) -> list[Run]:
    """The runs that a table or figure is made of, in the order of its blocks, each once.

    Raises:
        UserError: if a block asks for what the config does not name, or for what cannot be combined.
    """
    runs: dict[str, Run] = {}
    for number, block in enumerate(config["paper"][item].get("runs", [])):
        where = f"paper.{item}.runs[{number}]"
        for run in _expand(config, block, where):
            runs.setdefault(run.folder, run)
    return list(runs.values())


def all_runs(config: Mapping[str, Any]) -> list[Run]:
    """The runs of all tables and figures that the config asks for, each once."""
    return list({run.folder: run for item in config["items"] for run in item_runs(config, item)}.values())


def options(config: Mapping[str, Any], prior: str, *, sampling: bool) -> dict[str, Any]:
    """What of a prior's entry its training depends on, or (`sampling`) only what is drawn from it."""
    return {key: value for key, value in config["priors"][prior].items() if (key in SAMPLING) == sampling}


def weights(config: Mapping[str, Any], prior: str) -> str:
    """The prior whose weights `prior` samples with: itself, another that its entry names, or none ("")."""
    entry = config["priors"][prior]
    return "" if entry.get("kind") == TRUE_CODES else entry.get("weights", prior)


def check(config: Mapping[str, Any]) -> None:
    """Refuse a config that has the right form but makes no sense.

    Raises:
        UserError: naming the key, the value and what is allowed.
    """
    _known("screens", config["screens"], config["datasets"])
    for name, decoder in config["decoders"].items():
        _check_decoder(config, name, decoder)
    for part in ("vae", "prior"):
        _check_size(config, part)
        _check_devices(config, part)
    for name, dataset in config["datasets"].items():
        if dataset["embedding"] == "esm2" and not dataset.get("proteins") and dataset["kind"] != "made-up":
            raise UserError(f"datasets.{name}: embedding 'esm2' needs the key 'proteins', the path of a FASTA file")
    for name, prior in config["priors"].items():
        if "weights" in prior:
            trained = [other for other, entry in config["priors"].items() if entry.get("kind") in PRIOR_BOTTLENECK]
            _known(f"priors.{name}.weights", [prior["weights"]], trained)
    _known("items", config["items"], config["paper"])
    for item in config["paper"]:
        item_runs(config, item)
    check_reversion(config)


def _check_decoder(config: Mapping[str, Any], name: str, decoder: Mapping[str, str]) -> None:
    head, predict = decoder["head"], decoder["predict"]
    _known(f"decoders.{name}.head", [head], config["heads"])
    rule = predict.removesuffix(TRUE_LIBRARY)
    _known(f"decoders.{name}.predict", [rule], HEAD_RULES[head], f"for head {head!r}")
    if rule != predict and head not in LIBRARY_HEADS:
        raise UserError(f"decoders.{name}.predict: {predict!r} is for heads that take a library ({LIBRARY_HEADS[0]})")


def _check_size(config: Mapping[str, Any], part: str) -> None:
    size = config[part]["model"]
    if size["width"] % size["heads"]:
        raise UserError(f"{part}.model.width: {size['width']} is not a multiple of {part}.model.heads, {size['heads']}")


def _check_devices(config: Mapping[str, Any], part: str) -> None:
    devices, cells = config[part]["devices"], config[part]["training"]["batch_size"]
    if cells % devices:
        raise UserError(
            f"{part}.devices: {devices} devices cannot take equal shares of {part}.training.batch_size, {cells} cells"
        )


def _expand(config: Mapping[str, Any], block: Mapping[str, Any], where: str) -> Iterable[Run]:
    datasets = block.get("dataset", config["screens"])
    _known(f"{where}.dataset", datasets, config["datasets"])
    if "baseline" in block:
        _known(f"{where}.baseline", block["baseline"], BASELINES)
        seeds = config["replicates"]["samples"]
        for dataset, baseline, seed in itertools.product(datasets, block["baseline"], seeds):
            yield Run(dataset, baseline=baseline, sample_seed=seed)
        return
    names = {"bottleneck": "bottlenecks", "prior": "priors", "decoder": "decoders"}
    for key, section in names.items():
        _known(f"{where}.{key}", block[key], config[section])
    for bottleneck, prior in itertools.product(block["bottleneck"], block["prior"]):
        _check_pair(config, bottleneck, prior, where)
    replicates = itertools.product(config["replicates"]["trainings"], config["replicates"]["samples"])
    choices = itertools.product(datasets, *(block[key] for key in names), replicates)
    for dataset, bottleneck, prior, decoder, (training, sample) in choices:
        head, predict = config["decoders"][decoder]["head"], config["decoders"][decoder]["predict"]
        yield Run(
            dataset,
            bottleneck=bottleneck,
            head=head,
            vae_seed=training["vae"],
            prior=prior,
            prior_seed=training["prior"],
            decoder=decoder,
            predict=predict,
            sample_seed=sample,
            trained=weights(config, prior),
        )


def _check_pair(config: Mapping[str, Any], bottleneck: str, prior: str, where: str) -> None:
    trained = weights(config, prior)
    if not trained:
        return
    kind, wanted = config["bottlenecks"][bottleneck]["kind"], PRIOR_BOTTLENECK[config["priors"][trained]["kind"]]
    if kind != wanted:
        fitting = [name for name, entry in config["bottlenecks"].items() if entry["kind"] == wanted]
        raise UserError(
            f"{where}: prior {prior!r} cannot model bottleneck {bottleneck!r} (kind {kind!r}); "
            f"it needs kind {wanted!r}: {', '.join(fitting) or 'none in this config'}"
        )


def _known(where: str, values: Iterable[str], allowed: Iterable[str], note: str = "") -> None:
    allowed = list(allowed)
    for value in values:
        if value not in allowed:
            close = difflib.get_close_matches(value, allowed, 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise UserError(f"{where}: unknown {value!r} {note}{note and ' '}(allowed: {', '.join(allowed)}){hint}")


# The reversion benchmark: no run, but encoders and what is compared with them.


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


def reversion_screens(config: Mapping[str, Any]) -> list[str]:
    """Names of the reversion screens that Figure 3 shows; none where the config asks for no such figure."""
    return list(config["paper"]["figure3"]["screens"]) if "figure3" in config["items"] else []


def reversion_datasets(config: Mapping[str, Any]) -> list[str]:
    """Datasets whose encoders Figure 3 shows."""
    return list(config["paper"]["figure3"].get("dataset", config["screens"])) if reversion_screens(config) else []


def reversion_encoders(config: Mapping[str, Any]) -> list[Encoder]:
    """Every encoder that Figure 3 shows, once, in the order of the config."""
    if not reversion_screens(config):
        return []
    item = config["paper"]["figure3"]
    seeds = dict.fromkeys(training["vae"] for training in config["replicates"]["trainings"])
    kinds = itertools.product(reversion_datasets(config), item["bottleneck"], item["head"])
    return [Encoder(*kind, vae_seed=seed) for kind in kinds for seed in seeds]


def check_reversion(config: Mapping[str, Any]) -> None:
    """Refuse a Figure 3, or a reversion screen, that asks for what the config does not name. Raises: UserError."""
    item = config["paper"].get("figure3", {})
    sections = {"bottleneck": "bottlenecks", "head": "heads", "dataset": "datasets"}
    _known("paper.figure3.screens", item.get("screens", []), config["reversion"]["screens"])
    for key, section in sections.items():
        _known(f"paper.figure3.{key}", item.get(key, []), config[section])
    made_up = [name for name, entry in config["datasets"].items() if entry["kind"] == "made-up"]
    for name, entry in config["reversion"]["screens"].items():
        if entry["kind"] == "made-up":
            _known(f"reversion.screens.{name}.like", [entry["like"]], made_up, "as a made-up dataset")
