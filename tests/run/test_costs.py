import json
import re
import subprocess
import sys
from collections import Counter

import pytest
import yaml

from expressionvae.catalogue.priors import FSQ, PRIORS, PriorCard
from expressionvae.operations import VaeOperations
from expressionvae.run import costs, totals
from expressionvae.run.costs import Costs, Job
from tests.conftest import REPOSITORY

CONFIG = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
TABLE = yaml.safe_load((REPOSITORY / "resources" / "costs.yaml").read_text())
MEASURED = json.loads((REPOSITORY / "benchmarks" / "gpu-h100.json").read_text())
RUN = {"dataset": "replogle", "bottleneck": "fsq", "head": "nb", "vae_seed": "0", "prior": "ar", "prior_seed": "0"}
VAE = VaeOperations.of(CONFIG["vae"]["model"], 64, 2000)
SHARED = VAE.decoder / (VAE.decoder + VAE.shared)  # measured when each cell had all of it for itself

PLANNED = """\
{"rule": "train_vae", "wildcards": {"dataset": "a, b=c", "head": "nb"}, "inputs": ["x, y.h5ad"], "outputs": ["vae.pt"]}
{"rule": "all", "wildcards": {}, "inputs": ["vae.pt"], "outputs": []}
"""


@pytest.fixture
def h100() -> Costs:
    return Costs(CONFIG, TABLE, "h100")


@pytest.mark.parametrize(
    ("rule", "measured"),
    [
        ("train_vae", 75_000 * MEASURED["stage1"]["fsq-nb"]["step_s"]),
        ("train_prior", 75_000 * MEASURED["stage2"]["ar"]["step_s"]),
        ("sample", 4 * 33_000 / MEASURED["stage2"]["ar"]["sample_cells_per_s_batch_1024"]),
        ("decode", 4 * 33_000 / MEASURED["stage1"]["fsq-nb"]["decode_cells_per_s"] * SHARED),
    ],
)
def test_the_table_gives_back_what_was_measured(h100, rule, measured):
    job = Job(rule, RUN | {"predict": "sample"}, (), ())
    assert h100.seconds(job) - TABLE["devices"]["h100"]["startup_s"] == pytest.approx(measured, rel=0.3)


def test_twice_the_steps_take_twice_as_long(h100):
    job = Job("train_vae", RUN, (), ())
    longer = {**CONFIG, "vae": {**CONFIG["vae"], "training": {**CONFIG["vae"]["training"], "iterations": 150_000}}}
    start = TABLE["devices"]["h100"]["startup_s"]
    twice = Costs(longer, TABLE, "h100").seconds(job) - start
    assert twice == pytest.approx(2 * (h100.seconds(job) - start))


def test_fewer_denoising_steps_cost_less(h100):
    single, many = (h100.seconds(Job("sample", RUN | {"prior": prior}, (), ())) for prior in ("mdlm-1", "mdlm"))
    assert single < many


def test_a_download_costs_its_size():
    costs_of = Costs(CONFIG, TABLE, "h100", [{"file": "a.h5ad", "bytes": 7_000}, {"file": "b.h5ad"}])
    assert costs_of.bytes(Job("fetch", {"file": "a.h5ad"}, (), ())) == 7_000
    assert costs_of.bytes(Job("fetch", {"file": "b.h5ad"}, (), ())) == 0


def test_jobs_are_read_as_planned_whatever_their_names_hold():
    training, everything = costs.read_jobs(PLANNED)
    assert training == Job("train_vae", {"dataset": "a, b=c", "head": "nb"}, ("x, y.h5ad",), ("vae.pt",))
    assert everything == Job("all", {}, ("vae.pt",), ())


def test_a_prior_without_steps_draws_in_one_pass(h100, monkeypatch):
    monkeypatch.setitem(PRIORS, "new", PriorCard("New", "", FSQ, "draws all codes at once"))
    at_once = {**CONFIG, "priors": {**CONFIG["priors"], "new": {"kind": "new"}}}
    single = {**CONFIG, "priors": {**CONFIG["priors"], "new": {"kind": "mdlm", "steps": 1}}}
    job = Job("sample", RUN | {"prior": "new"}, (), ())
    seconds = [Costs(config, TABLE, "h100").seconds(job) for config in (at_once, single)]
    assert seconds[0] == seconds[1] > TABLE["devices"]["h100"]["startup_s"]


def test_the_longest_path_is_the_slowest_chain(h100):
    first = Job("train_vae", RUN, (), ("vae.pt",))
    second = Job("train_prior", RUN, ("vae.pt",), ("prior.pt",))
    aside = Job("figure1", {}, (), ("figure1.png",))
    last = Job("all", {}, ("prior.pt", "figure1.png"), ())
    seconds, chain = totals.longest_path([last, aside, second, first], h100)
    assert [job.rule for job in chain] == ["train_vae", "train_prior", "all"]
    assert seconds == pytest.approx(sum(map(h100.seconds, chain)))


def test_only_rules_that_ask_for_a_gpu_count_gpu_hours(h100):
    estimates = totals.by_rule([Job("train_vae", RUN, (), ()), Job("figure1", {}, (), ())], h100)
    assert estimates["train_vae"].gpu_seconds == estimates["train_vae"].seconds > 0
    assert estimates["figure1"].gpu_seconds == 0


@pytest.mark.slow
def test_what_is_planned_is_what_a_dry_run_counts(tmp_path):
    snakefile, config = REPOSITORY / "Snakefile", REPOSITORY / "config" / "demo.yaml"

    def told(*arguments: object) -> str:
        command = [sys.executable, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True).stdout

    counts = told("-m", "snakemake", "--snakefile", snakefile, "--configfile", config, "--dry-run", "all")
    counted = re.findall(r"^(\w+) +(\d+)$", counts, flags=re.MULTILINE)
    jobs = costs.read_jobs(told(REPOSITORY / "workflow" / "planned.py", snakefile, config))
    planned = Counter(job.rule for job in jobs)
    assert len(planned) > 20 and planned == {rule: int(count) for rule, count in counted if rule != "total"}


def training(folder: str, rule: str = "train_baseline") -> Job:
    return Job(rule, {"dataset": "replogle", "folder": folder, "training": "1a2b3c4d", "vae_seed": "0"}, (), ())


def seconds_of(folder: str, options: dict, device: str = "h100", rule: str = "train_baseline") -> float:
    """Of a training of a baseline with such options, less its start."""
    prices = Costs(CONFIG, TABLE, device, trainings={f"{folder}/1a2b3c4d": options})
    return prices.seconds(training(folder, rule)) - TABLE["devices"][device]["startup_s"]


def test_a_training_of_another_author_s_baseline_costs_its_steps():
    whole, half = (seconds_of("scvi", {"steps": steps}) for steps in (250_000, 125_000))
    assert half > 0 and whole == pytest.approx(2 * half)
    assert whole == pytest.approx(250_000 * TABLE["devices"]["h100"]["baseline_step_s"]["default"])


def test_passes_over_the_training_cells_are_steps_too():
    steps = 966_714 / 128
    assert seconds_of("scldm", {"vae_epochs": 100, "prior_epochs": 50, "batch_size": 128}) == pytest.approx(
        150 * steps * TABLE["devices"]["h100"]["baseline_step_s"]["scldm"], rel=1e-3
    )
    # What only counts passes between two changes of a rate is none, where the steps themselves are stated.
    told = {"steps": 1000, "lr_decay_epochs": 25, "batch_size": 128}
    assert seconds_of("scvi", told) == pytest.approx(seconds_of("scvi", {"steps": 1000}))


def test_a_fit_without_steps_costs_its_cells(h100):
    cells, rate = 966_714, TABLE["cells_per_s"]["train_baseline_on_cpu"]
    assert seconds_of("linear", {"ridge": 0.1}, rule="train_baseline_on_cpu") == pytest.approx(cells / rate)


def test_hours_and_gpus_stand_by_baseline_a_training_under_its_folder():
    options = {f"{folder}/1a2b3c4d": {"steps": 1000} for folder in ("scvi", "scgpt")}
    prices = Costs(CONFIG, TABLE, "h100", trainings=options)
    row = {"dataset": "replogle", "vae_seed": "0", "sample_seed": "0"}
    jobs = [training("scvi"), training("scgpt"), training("linear", "train_baseline_on_cpu")]
    jobs += [Job("predict_baseline", row | {"baseline": name}, (), ()) for name in ("scvi", "scvi-sample")]
    jobs += [Job("score", row | {"run": "x"}, (), ()), Job("admit_baseline", row | {"baseline": "scvi"}, (), ())]
    found = totals.by_baseline(jobs, prices)
    assert {name: one.jobs for name, one in found.items()} == {"scvi": 2, "scgpt": 1, "linear": 1, "scvi-sample": 1}
    assert found["linear"].gpu_seconds == 0 < found["linear"].seconds
    assert all(found[name].gpu_seconds == found[name].seconds for name in ("scvi", "scgpt", "scvi-sample"))
    assert found["scgpt"].seconds > found["scvi"].seconds  # a step of it is the slower one


@pytest.mark.parametrize("device", TABLE["devices"])
def test_every_job_of_another_author_s_baseline_costs_some_time(device):
    named = {**training("scvi").wildcards, "baseline": "scvi", "sample_seed": "0"}
    text = (REPOSITORY / "workflow" / "rules" / "baselines.smk").read_text()
    rules = re.findall(r"^(?:use rule \w+ as |rule )(\w*_?baseline_?\w*)", text, flags=re.MULTILINE)
    assert len(rules) == 10
    for rule in rules:
        job = Job(rule, {"environment": "scvi"} if rule == "baseline_environment" else named, (), ())
        prices = Costs(CONFIG, TABLE, device)
        assert prices.seconds(job) >= TABLE["devices"][device]["startup_s"] and prices.bytes(job) >= 0


def test_a_left_out_training_costs_the_steps_that_it_has():
    config = {
        **CONFIG,
        "composition": {**CONFIG["composition"], "cell_types": 1, "iterations": {"vae": 7500, "prior": None}},
    }
    config["screens"], config["datasets"] = ["mine"], {"mine": {"cell_type_column": "line", "kind": "local"}}
    prices, start = Costs(config, TABLE, "h100"), TABLE["devices"]["h100"]["startup_s"]

    def seconds(rule: str, dataset: str) -> float:
        return prices.seconds(Job(rule, RUN | {"dataset": dataset}, (), ())) - start

    assert seconds("train_vae", "mine-left-out-1") == pytest.approx(seconds("train_vae", "mine") / 10)
    assert seconds("train_prior", "mine-left-out-1") == pytest.approx(seconds("train_prior", "mine"))


def test_a_left_out_dataset_has_the_size_of_its_screen():
    config = {**CONFIG, "composition": {**CONFIG["composition"], "cell_types": 1}, "screens": ["parse1m"]}
    prices = Costs(config, TABLE, "h100")
    screens = [prices.screen(Job("prepare", {"dataset": name}, (), ())) for name in ("parse1m-left-out-1", "parse1m")]
    assert screens[0] == screens[1] == TABLE["screens"]["parse1m"]


def test_a_prediction_costs_its_cells_on_every_training_and_draw():
    def seconds(cells: int, replicates: dict) -> float:
        pair = {"cell_type": "B", "perturbation": "A", "cells": cells}
        predict = {**CONFIG["predict"], "datasets": {"replogle": {"pairs": [pair]}}}
        config = {**CONFIG, "predict": predict, "replicates": replicates}
        wildcards = RUN | {"cell_type": "B", "perturbation": "A", "decoder": "hurdle-anchored"}
        job = Job("predict_cells", wildcards, (), ())
        return Costs(config, TABLE, "cpu").seconds(job) - TABLE["devices"]["cpu"]["startup_s"]

    one = {"trainings": [{"vae": 0, "prior": 0}], "samples": [0]}
    assert seconds(512, one) > 0 and seconds(1024, one) == pytest.approx(2 * seconds(512, one))
    assert seconds(512, {"trainings": one["trainings"] * 2, "samples": [0, 1, 2]}) == pytest.approx(
        6 * seconds(512, one)
    )


@pytest.mark.parametrize("rule", ["predict_pairs", "predict_cell_types", "predict_mean", "predict_page"])
def test_every_rule_of_a_prediction_has_a_price(rule):
    job = Job(rule, {"dataset": "replogle"}, (), ())
    assert Costs(CONFIG, TABLE, "cpu").seconds(job) > TABLE["devices"]["cpu"]["startup_s"]


@pytest.mark.slow
def test_left_out_trainings_and_predictions_are_planned_before_the_screen_is_read(tmp_path):
    config = yaml.safe_load((REPOSITORY / "config" / "small.yaml").read_text())
    screen = yaml.safe_load((REPOSITORY / "config" / "screens" / "made-up.yaml").read_text())
    pairs = [{"cell_type": "B", "perturbation": "x", "cells": 20}]
    more = {"predict": {"datasets": {"made-up-known": {"pairs": pairs}}}, "composition": {"cell_types": 3}}
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config | screen | {"predict": config["predict"] | more["predict"]}
                                   | {"composition": config["composition"] | more["composition"]}))  # fmt: skip
    command = [sys.executable, str(REPOSITORY / "workflow" / "planned.py"), str(REPOSITORY / "Snakefile"), str(path)]
    done = subprocess.run([*command, "predict"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    jobs = costs.read_jobs(done.stdout)
    planned = Counter(job.rule for job in jobs if "-left-out-" in job.wildcards.get("dataset", ""))
    assert planned["train_vae"] == planned["train_prior"] == planned["prepare"] == 3 and planned["admit_baseline"] == 6
    assert Counter(job.rule for job in jobs)["predict_cells"] == 2  # hurdle, and anchored
