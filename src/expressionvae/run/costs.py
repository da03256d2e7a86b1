"""What a job will cost, in hours and disk, from measured costs per unit of work.

Standard library only. A job's seconds are startup + steps * overhead + work / speed, with the work counted in
floating-point operations from the config's sizes, so that one measurement serves other sizes.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from expressionvae import grid, left_out, pairs
from expressionvae.catalogue.priors import PRIORS
from expressionvae.files import require
from expressionvae.folders import PREDICTION
from expressionvae.operations import TRAINING, VaeOperations, prior_operations

TRAIN_BASELINE = ("train_baseline", "train_baseline_on_cpu")
EACH_SEED = ("sample", "decode", "score", "admit_baseline", "true_vs_true")  # one job serves all sampling seeds


@dataclass(frozen=True)
class Job:
    """One job of Snakemake's plan."""

    rule: str
    wildcards: Mapping[str, str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def read_jobs(text: str) -> list[Job]:
    """The jobs that `workflow/planned.py` printed: a JSON object a line, with rule, wildcards, inputs and outputs."""
    told = (json.loads(line) for line in text.splitlines())
    return [Job(job["rule"], job["wildcards"], tuple(job["inputs"]), tuple(job["outputs"])) for job in told]


def _trained(schedule: Mapping[str, Any]) -> tuple[float, float]:
    """Steps of a training, and the cells that they see."""
    return float(schedule["iterations"]), float(schedule["iterations"] * schedule["batch_size"])


@dataclass
class Costs:
    """Seconds and bytes of jobs under a config.

    Args:
        config: the merged config.
        table: `resources/costs.yaml`; `device` is a key of its `devices`.
        downloads: the list of downloads, for the size of what is fetched.
        trainings: of baselines, the options in force of each by its folder and training, such as
            scvi/1a2b3c4d.
    """

    config: Mapping[str, Any]
    table: Mapping[str, Any]
    device: str
    downloads: Sequence[Mapping[str, Any]] = field(default_factory=list)
    trainings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ValueError (see `files.reading`) for a table that lacks a part."""
        for key in ("startup_s", "rules", "baseline_step_s"):
            entry = self.table["devices"][self.device].get(key)
            require(entry is not None, f"device {self.device!r} has no {key}")
            require(key != "baseline_step_s" or "default" in entry, f"device {self.device!r} has no {key}.default")
        for key in ("cells_per_s", "bytes_per_value"):
            require(isinstance(self.table[key], Mapping), f"{key} holds no numbers by rule")
        for name, screen in {"default": {}, **self.table["screens"]}.items():
            require({"genes", "train_cells", "query_cells"} <= set(screen), f"screen {name!r} lacks a number")
        self.speed = self.table["devices"][self.device]

    def seconds(self, job: Job) -> float:
        """How long a job takes, alone on its resources."""
        steps, operations = self._work(job)
        rates = self.speed["rules"].get(job.rule)
        startup = self.speed["startup_s"]
        if job.rule in TRAIN_BASELINE and (taken := self._baseline_steps(job)):
            each = self.speed["baseline_step_s"]
            return startup + taken * each.get(job.wildcards["folder"], each["default"])
        if rates is not None and operations:
            return startup + steps * rates["step_s"] + operations / 1e12 / rates["tflops"]
        return startup + self._cells(job) * self._repeats(job) / self.table["cells_per_s"].get(job.rule, math.inf)

    def bytes(self, job: Job) -> float:
        """What a job leaves on the disk, roughly."""
        if job.rule == "fetch":
            found = [entry.get("bytes") or 0 for entry in self.downloads if entry["file"] == job.wildcards["file"]]
            return float(sum(found))
        per_value = self.table["bytes_per_value"].get(job.rule, 0.0)
        if isinstance(per_value, Mapping):
            per_value = per_value["mean" if job.wildcards.get("predict", "").startswith("mean") else "sample"]
        return per_value * self._cells(job) * self.screen(job)["genes"] * self._repeats(job)

    def screen(self, job: Job) -> Mapping[str, int]:
        """Numbers of cells and genes of a job's screen: stated, or of the recipe, or the table's default."""
        name = job.wildcards.get("dataset", "")
        name = left_out.datasets(self.config).get(name, {}).get("of", name)  # a little fewer cells than its screen has
        if name in self.table["screens"]:
            return self.table["screens"][name]
        recipe = self.config["datasets"].get(name, {}).get("simulation")
        default = self.table["screens"]["default"]
        if not recipe:
            return default
        evaluation = self.config["evaluation"]
        query = min(recipe["cells"], 5 * evaluation["cells_per_perturbation"] + evaluation["controls"])
        return {"genes": recipe["genes"], "train_cells": recipe["cells"], "query_cells": query}

    def _baseline_steps(self, job: Job) -> float:
        """Steps of a baseline's training by its options: steps, or passes over the training cells; 0 if neither."""
        options = self.trainings.get(f"{job.wildcards['folder']}/{job.wildcards['training']}", {})
        if "steps" in options:
            return float(options["steps"])
        passes = sum(value for name, value in options.items() if name == "epochs" or name.endswith("_epochs"))
        return float(passes * math.ceil(self.screen(job)["train_cells"] / options["batch_size"])) if passes else 0.0

    def _repeats(self, job: Job) -> int:
        return len(self.config["replicates"]["samples"]) if job.rule in EACH_SEED else 1

    def _cells(self, job: Job) -> float:
        whole = job.rule in (
            "encode",
            "prepare",
            "fit_bins",
            "baseline_training",
            "train_baseline_on_cpu",
            "predict_pairs",
            "predict_cell_types",
            "predict_mean",
            "predict_page",
        ) or job.rule.startswith("assemble")
        if "reversion" in job.wildcards:
            screens = self.table["screens"]
            return float(screens.get(job.wildcards["reversion"], screens["default"])["train_cells"])
        return float(self.screen(job)["train_cells" if whole else "query_cells"])

    def _work(self, job: Job) -> tuple[float, float]:
        """Optimiser or sampling steps, and floating-point operations."""
        if "bottleneck" not in job.wildcards:
            return 0.0, 0.0
        config, genes = self.config, int(self.screen(job)["genes"])
        bottleneck = config["bottlenecks"][job.wildcards["bottleneck"]]
        tokens = bottleneck["tokens"]
        vae = VaeOperations.of(config["vae"]["model"], tokens, genes)
        cells = self._cells(job) * self._repeats(job)
        batches = float(math.ceil(self._cells(job) / config["batch_size"]) * self._repeats(job))
        outputs = math.prod(bottleneck["levels"]) if bottleneck["kind"] == "fsq" else bottleneck["channels"]
        prior = prior_operations(config["prior"]["model"], tokens, outputs)
        if job.rule == "train_vae":
            steps, _ = _trained(self._training(job, "vae"))
            return steps, steps * vae.training_step(config["vae"]["training"]["batch_size"])
        if job.rule == "train_prior":
            steps, cells = _trained(self._training(job, "prior"))
            return steps, TRAINING * cells * prior
        if job.rule == "sample":
            passes, work = self._sampling(job, tokens)
            return float(passes * batches), work * prior * cells
        if job.rule == "predict_cells":
            return self._predicting(job, vae.decoder, self._sampling(job, tokens), prior)
        if job.rule == "decode":
            again = config["evaluation"]["richness"]
            cells += again["cells"] * again["draws"] * self._repeats(job)
            return batches, vae.decoder * cells + vae.shared * batches
        if job.rule in ("encode", "true_codes"):
            return batches, vae.encoder * cells
        if job.rule == "reversion":
            return batches, 2 * vae.encoder * cells  # trained and untrained
        return 0.0, 0.0

    def _predicting(self, job: Job, decoder: float, sampling: tuple[int, float], prior: float) -> tuple[float, float]:
        """Work of a pair: its cells and as many controls, by every training and draw.

        Each is decoded twice: about what controls that are reconstructed, and those of anchored cells, add.
        """
        folder = PREDICTION.format(**job.wildcards)
        asked = {pair.folder: pair.cells for pair in pairs.read(self.config)[job.wildcards["dataset"]]}[folder]
        replicates = self.config["replicates"]
        draws = len(replicates["trainings"]) * len(replicates["samples"])
        passes, work = sampling
        batches = math.ceil(2 * asked / self.config["batch_size"])
        return float(passes * batches * draws), draws * 2 * asked * (work * prior + 2 * decoder)

    def _training(self, job: Job, part: str) -> Mapping[str, Any]:
        """The schedule of a stage; of a left-out dataset with the steps that `composition` gives it."""
        schedule, steps = self.config[part]["training"], self.config["composition"]["iterations"][part]
        short = steps and job.wildcards["dataset"] in left_out.datasets(self.config)
        return {**schedule, "iterations": steps} if short else schedule

    def _sampling(self, job: Job, tokens: int) -> tuple[int, float]:
        """Passes through the network of a batch, and how many a cell takes part in, over all its tokens."""
        name = job.wildcards["prior"]
        kind = self.config["priors"][grid.weights(self.config, name)]["kind"]
        card = PRIORS[kind]
        if (passes := card.passes) is None:
            return tokens, 1.0
        # A prior without steps draws all tokens at once.
        steps = grid.options(self.config, name, sampling=True).get("steps", 1) * passes
        if card.sparse:
            return min(steps, tokens), steps * (1 - (1 - 1 / steps) ** tokens)
        return steps, float(steps)
