import subprocess
import sys

import pytest
import yaml

from expressionvae.run import estimate
from expressionvae.run.costs import Costs, Job
from tests.conftest import REPOSITORY

CONFIG = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
TABLE = yaml.safe_load((REPOSITORY / "resources" / "costs.yaml").read_text())
STAGE_1 = {"dataset": "replogle", "bottleneck": "fsq", "head": "nb", "vae_seed": "0"}


def test_the_text_has_a_line_a_rule_and_what_is_left():
    h100 = Costs(CONFIG, TABLE, "h100")
    jobs = [Job("train_vae", STAGE_1, (), ("vae.pt",)), Job("figure1", {}, (), ())]
    lines = estimate.text(jobs, jobs[1:], h100, None).splitlines()
    assert lines[3].split()[:3] == ["train_vae", "1", "0"] and lines[4].split()[:3] == ["figure1", "1", "1"]
    assert "Still to do: 0.0 GPU hours." in lines


def test_below_the_rules_stands_what_each_baseline_takes():
    wildcards = {"dataset": "replogle", "folder": "scvi", "training": "1a2b3c4d", "vae_seed": "0"}
    prices = Costs(CONFIG, TABLE, "h100", trainings={"scvi/1a2b3c4d": {"steps": 360_000}})
    jobs = [Job("train_baseline", wildcards, (), ("weights",)), Job("figure1", {}, (), ())]
    lines = estimate.text(jobs, jobs[:1], prices, None).splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.startswith("Of which by baseline"))
    assert lines[at + 1].split() == ["scvi", "1", "1", "1.01", "1.01", "0.00"]
    assert "Of which" not in estimate.text(jobs[1:], [], prices, None)


@pytest.mark.slow
def test_snakemake_plan_estimates_the_demo(tmp_path):
    command = [sys.executable, "-m", "snakemake", "--snakefile", REPOSITORY / "Snakefile", "--directory", tmp_path]
    command += ["--cores", "1", "--configfile", REPOSITORY / "config" / "demo.yaml", "--", "plan"]
    run = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=REPOSITORY)
    assert run.returncode == 0, run.stderr[-2000:]
    told = {line.split()[0]: line.split()[1] for line in (run.stdout + run.stderr).splitlines() if line[:1].islower()}
    assert (told["train_vae"], told["train_prior"]) == ("11", "18")
    assert not (tmp_path / "results" / "paper").exists()
