import json
import subprocess
import sys

import pytest
import yaml

from expressionvae import costs
from expressionvae.costs import Costs, Job
from expressionvae.paper import plan
from tests.conftest import REPOSITORY

CONFIG = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
TABLE = yaml.safe_load((REPOSITORY / "resources" / "costs.yaml").read_text())
MEASURED = json.loads((REPOSITORY / "benchmarks" / "gpu-h100.json").read_text())
HERE = {"dataset": "replogle", "bottleneck": "fsq", "head": "nb", "vae_seed": "0", "prior": "ar", "prior_seed": "0"}

DRY_RUN = """
Building DAG of jobs...
[Mon Nov 23 07:45:17 2026]
rule train_vae:
    input: results/a/train.h5ad, results/a/bins.json
    output: results/a/vae.pt, results/a/losses.csv
    jobid: 3
    wildcards: dataset=a, bottleneck=fsq, head=nb, vae_seed=0
    resources: tmpdir=/tmp

[Mon Nov 23 07:45:17 2026]
localrule all:
    input: results/a/vae.pt
    jobid: 0
    resources: tmpdir=/tmp
Job stats:
"""


@pytest.fixture
def h100() -> Costs:
    return Costs(CONFIG, TABLE, "h100")


def test_operations_of_stage_1_are_those_of_the_paper_s_size():
    size = CONFIG["vae"]["model"]
    whole = sum(costs.vae_operations(size, 64, 2000))
    lean = sum(costs.vae_operations(size | {"decoder_self_attention": False}, 64, 2000))
    assert whole == pytest.approx(35.05e9, rel=0.01)
    assert (whole - lean) / whole == pytest.approx(0.587, abs=0.005)


def test_operations_of_stage_2_are_those_of_the_paper_s_size():
    assert costs.prior_operations(CONFIG["prior"]["model"], 64, 512) == pytest.approx(1.43e9, rel=0.01)


@pytest.mark.parametrize(
    ("rule", "measured"),
    [
        ("train_vae", 75_000 * MEASURED["stage1"]["fsq-nb"]["step_s"]),
        ("train_prior", 75_000 * MEASURED["stage2"]["ar"]["step_s"]),
        ("sample", 4 * 33_000 / MEASURED["stage2"]["ar"]["sample_cells_per_s_batch_1024"]),
        ("decode", 4 * 33_000 / MEASURED["stage1"]["fsq-nb"]["decode_cells_per_s"]),
    ],
)
def test_the_table_gives_back_what_was_measured(h100, rule, measured):
    job = Job(rule, HERE | {"predict": "sample"}, (), ())
    assert h100.seconds(job) - TABLE["devices"]["h100"]["startup_s"] == pytest.approx(measured, rel=0.3)


def test_twice_the_steps_take_twice_as_long(h100):
    job = Job("train_vae", HERE, (), ())
    longer = {**CONFIG, "vae": {**CONFIG["vae"], "training": {**CONFIG["vae"]["training"], "iterations": 150_000}}}
    start = TABLE["devices"]["h100"]["startup_s"]
    twice = Costs(longer, TABLE, "h100").seconds(job) - start
    assert twice == pytest.approx(2 * (h100.seconds(job) - start))


def test_fewer_denoising_steps_cost_less(h100):
    single, many = (h100.seconds(Job("sample", HERE | {"prior": prior}, (), ())) for prior in ("mdlm-1", "mdlm"))
    assert single < many


def test_a_download_costs_its_size():
    costs_of = Costs(CONFIG, TABLE, "h100", [{"file": "a.h5ad", "bytes": 7_000}, {"file": "b.h5ad"}])
    assert costs_of.bytes(Job("fetch", {"file": "a.h5ad"}, (), ())) == 7_000
    assert costs_of.bytes(Job("fetch", {"file": "b.h5ad"}, (), ())) == 0


def test_jobs_are_read_from_a_dry_run():
    training, everything = costs.read_plan(DRY_RUN)
    assert (training.rule, training.wildcards["head"], training.inputs[1]) == ("train_vae", "nb", "results/a/bins.json")
    assert training.outputs == ("results/a/vae.pt", "results/a/losses.csv")
    assert everything.rule == "all" and everything.outputs == () and everything.wildcards == {}


def test_the_longest_path_is_the_slowest_chain(h100):
    first = Job("train_vae", HERE, (), ("vae.pt",))
    second = Job("train_prior", HERE, ("vae.pt",), ("prior.pt",))
    aside = Job("figure1", {}, (), ("figure1.png",))
    last = Job("all", {}, ("prior.pt", "figure1.png"), ())
    seconds, chain = costs.longest_path([last, aside, second, first], h100)
    assert [job.rule for job in chain] == ["train_vae", "train_prior", "all"]
    assert seconds == pytest.approx(sum(map(h100.seconds, chain)))


def test_only_rules_that_ask_for_a_gpu_count_gpu_hours(h100):
    estimates = costs.by_rule([Job("train_vae", HERE, (), ()), Job("figure1", {}, (), ())], h100)
    assert estimates["train_vae"].gpu_seconds == estimates["train_vae"].seconds > 0
    assert estimates["figure1"].gpu_seconds == 0


def test_the_text_has_a_line_a_rule_and_what_is_left(h100):
    jobs = [Job("train_vae", HERE, (), ("vae.pt",)), Job("figure1", {}, (), ())]
    lines = plan.text(jobs, jobs[1:], h100, None).splitlines()
    assert lines[3].split()[:3] == ["train_vae", "1", "0"] and lines[4].split()[:3] == ["figure1", "1", "1"]
    assert "Still to do: 0.0 GPU hours." in lines


@pytest.mark.slow
def test_snakemake_plan_estimates_the_demo(tmp_path):
    command = [sys.executable, "-m", "snakemake", "--snakefile", REPOSITORY / "Snakefile", "--directory", tmp_path]
    command += ["--cores", "1", "--configfile", REPOSITORY / "config" / "demo.yaml", "--", "plan"]
    run = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=REPOSITORY)
    assert run.returncode == 0, run.stderr[-2000:]
    told = {line.split()[0]: line.split()[1] for line in (run.stdout + run.stderr).splitlines() if line[:1].islower()}
    assert (told["train_vae"], told["train_prior"]) == ("11", "18")
    assert not (tmp_path / "results" / "paper").exists()
