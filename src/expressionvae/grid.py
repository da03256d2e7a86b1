"""The experiment grid: which runs the tables and figures ask for, and where each of their files lies.

Standard library only: every job of a cluster reads this again.
"""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from expressionvae import encoders
from expressionvae.catalogue import baselines
from expressionvae.catalogue.heads import HEADS
from expressionvae.catalogue.priors import PRIORS, TRUE_CODES
from expressionvae.folders import PRIOR, RERUN, RULE, SCREEN, TRUE, VAE

TRUE_LIBRARY = "-true-library"  # ending of the folder of a decoder that is told the true cell's library
TRUE_CELL, DRAWN = "true-cell", "drawn"  # values of the key library_size


@dataclass(frozen=True, order=True)
class Run:
    """One row of scores: a model's decoded cells, or a baseline's (then the model's fields are empty).

    Of a baseline, `vae_seed` is the seed of its training; 0 where that draws nothing.
    """

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
        if not self.baseline:
            return self._path(f"{SCREEN}/{VAE}/{PRIOR}/{RULE}")
        return self._path(f"{SCREEN}/{TRUE if self.baseline == baselines.FLOOR else RERUN}")

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


def item_runs(config: Mapping[str, Any], item: str, *, key: str = "runs") -> list[Run]:
    """The runs that a table or figure is made of, in the order of its blocks, each once.

    With `key` "companion": those that stand beside them in its companion. Only those of the config's `screens`, of
    which something is held out: what a block says of other datasets is of other configs.
    """
    runs = (run for block in config["paper"][item].get(key, []) for run in expand(config, block, scored(config)))
    return _once(runs)


def companion_runs(config: Mapping[str, Any], item: str) -> list[Run]:
    """The runs that stand beside an item in its companion, without those of the item itself."""
    own = {run.folder for run in item_runs(config, item)}
    return [run for run in item_runs(config, item, key="companion") if run.folder not in own] if own else []


def items(config: Mapping[str, Any]) -> list[str]:
    """The tables and figures to make: those that the config asks for, without those that say nothing of its screens."""
    return [item for item in config["items"] if _has_something(config, item)]


def scored(config: Mapping[str, Any]) -> list[str]:
    """The config's `screens` of which something is held out, so that predictions of it can be scored."""
    entries = config["datasets"]
    return [name for name in config["screens"] if "heldout" not in entries[name] or entries[name]["heldout"]]


def not_made(config: Mapping[str, Any]) -> str:
    """A line on the tables and figures that `items` leaves out, and one on screens of which nothing is held out.

    "" where there is neither.
    """
    whole = [name for name in config["screens"] if name not in scored(config)]
    said = f"Nothing of {', '.join(whole)} is scored: nothing of it is held out (config key `heldout` is null)."
    return "\n".join(([said] if whole else []) + [line for line in [_items_not_made(config)] if line])


def _items_not_made(config: Mapping[str, Any]) -> str:
    made = items(config)
    dropped = [item for item in config["items"] if item not in made]
    if "figure3" in made:
        shown = encoders.screens(config)
        dropped += [f"{name} in figure3" for name in config["paper"]["figure3"]["screens"] if name not in shown]
    if not dropped:
        return ""
    screens = ", ".join(config["screens"])
    if not scored(config):
        return f"Left out, because they score predictions: {', '.join(dropped)}."
    return f"Left out, because they are not about {screens} (config key `screens`): {', '.join(dropped)}."


def _has_something(config: Mapping[str, Any], item: str) -> bool:
    if item == "claims":
        return any(other != "claims" and _has_scores(config, other) for other in config["items"])
    return _has_scores(config, item) or not ("runs" in config["paper"][item] or item == "figure3")


def _has_scores(config: Mapping[str, Any], item: str) -> bool:
    return bool(encoders.screens(config) if item == "figure3" else item_runs(config, item))


def all_runs(config: Mapping[str, Any]) -> list[Run]:
    """The runs of all tables and figures that the config asks for, each once."""
    made = items(config)
    asked = [run for item in made for run in item_runs(config, item)]
    return _once([*asked, *(run for item in made for run in companion_runs(config, item))])


def datasets(config: Mapping[str, Any], item: str = "") -> list[str]:
    """The datasets that the runs of a table or figure are about; without one, those of all."""
    runs = item_runs(config, item) if item else all_runs(config)
    return list(dict.fromkeys(run.dataset for run in runs))


def datasets_of_kind(config: Mapping[str, Any], *kinds: str) -> list[str]:
    """Of the datasets that any run is about, those of some kinds."""
    return [name for name in datasets(config) if config["datasets"][name]["kind"] in kinds]


def names(config: Mapping[str, Any], item: str, key: str) -> list[str]:
    """The priors or decoders (`key` without s) that an item asks for, in the order of the config's own list."""
    asked = {getattr(run, key) for run in item_runs(config, item)}
    return [name for name in config[f"{key}s"] if name in asked]


def predicting_runs(config: Mapping[str, Any], dataset: str) -> list[Run]:
    """The runs of a dataset that predict cells: all but true cells against true cells."""
    return [run for run in all_runs(config) if run.dataset == dataset and run.baseline != baselines.FLOOR]


def rerun(config: Mapping[str, Any], item: str = "") -> list[str]:
    """The entries of the config's `baselines` that an item asks for; without an item, that any asks for."""
    runs = item_runs(config, item) + companion_runs(config, item) if item else all_runs(config)
    return list(dict.fromkeys(run.baseline for run in runs if run.baseline in config["baselines"]))


def trainings(config: Mapping[str, Any]) -> list[str]:
    """The folder of every VAE and prior that the tables and figures need, each once."""
    folders = [folder for run in all_runs(config) for folder in run.trainings]
    return list(dict.fromkeys([*folders, *(encoder.folder for encoder in encoders.encoders(config))]))


def _once(runs: Iterable[Run]) -> list[Run]:
    """Each run once, under the first of its names."""
    found: dict[str, Run] = {}
    for run in runs:
        found.setdefault(run.folder, run)
    return list(found.values())


def weight_files(config: Mapping[str, Any]) -> list[tuple[dict[str, str], str]]:
    """The weights of every training of the runs, and what tells them apart: the prior is "" for a VAE."""
    found: dict[str, dict[str, str]] = {}
    for run in all_runs(config):
        about = {"dataset": run.dataset, "bottleneck": run.bottleneck, "head": run.head}
        for folder, name, prior in zip(run.trainings, ("vae.pt", "prior.pt"), ("", run.trained), strict=False):
            found.setdefault(f"{folder}/{name}", about | {"prior": prior})
    return [(about, file) for file, about in found.items()]


def code_tables(config: Mapping[str, Any]) -> list[tuple[dict[str, str], str]]:
    """The table of the use of codes of every FSQ encoder of the runs, and what tells them apart."""
    fsq = [name for name, entry in config["bottlenecks"].items() if entry["kind"] == "fsq"]
    return [
        ({key: about[key] for key in ("dataset", "bottleneck", "head")}, file.replace("vae.pt", "codes.csv"))
        for about, file in weight_files(config)
        if not about["prior"] and about["bottleneck"] in fsq
    ]


def options(config: Mapping[str, Any], prior: str, *, sampling: bool) -> dict[str, Any]:
    """What of a prior's entry its training depends on, or (`sampling`) only what is drawn from it."""
    drawing = PRIORS[config["priors"][weights(config, prior)]["kind"]].sampling
    return {key: value for key, value in config["priors"][prior].items() if (key in drawing) == sampling}


def weights(config: Mapping[str, Any], prior: str) -> str:
    """The prior whose weights `prior` samples with: itself, another that its entry names, or none ("")."""
    entry = config["priors"][prior]
    return "" if entry.get("kind") == TRUE_CODES else entry.get("weights", prior)


def expand(config: Mapping[str, Any], block: Mapping[str, Any], known: list[str]) -> Iterable[Run]:
    """The runs of a block, of those of its datasets that are among the known ones."""
    asked = [name for name in block.get("dataset", known) if name in known]
    if "baseline" in block:
        seeds = config["replicates"]["samples"]
        models = list(dict.fromkeys(training["vae"] for training in config["replicates"]["trainings"]))
        for dataset, baseline in itertools.product(asked, block["baseline"]):
            trained = [0] if baseline in (*baselines.SEEDLESS, baselines.FLOOR) else models
            for model, seed in itertools.product(trained, seeds):
                yield Run(dataset, baseline=baseline, vae_seed=model, sample_seed=seed)
        return
    replicates = itertools.product(config["replicates"]["trainings"], config["replicates"]["samples"])
    choices = itertools.product(asked, block["bottleneck"], block["prior"], block["decoder"], replicates)
    for dataset, bottleneck, prior, decoder, (training, sample) in choices:
        yield Run(
            dataset,
            bottleneck=bottleneck,
            head=config["decoders"][decoder]["head"],
            vae_seed=training["vae"],
            prior=prior,
            prior_seed=training["prior"],
            decoder=decoder,
            predict=_predict(config, decoder),
            sample_seed=sample,
            trained=weights(config, prior),
        )


def _predict(config: Mapping[str, Any], decoder: str) -> str:
    """The rule by which a decoder predicts, as its folder says it: with which library size, where it needs one."""
    entry = config["decoders"][decoder]
    told = HEADS[entry["head"]].takes_library and entry.get("library_size", config["library_size"]) == TRUE_CELL
    return entry["predict"] + (TRUE_LIBRARY if told else "")


def libraries(config: Mapping[str, Any]) -> dict[str, str]:
    """What the config tells, by decoder: the library size of each that needs one and states none of its own."""
    return {
        name: config["library_size"]
        for name, entry in config["decoders"].items()
        if HEADS[entry["head"]].takes_library and "library_size" not in entry
    }
