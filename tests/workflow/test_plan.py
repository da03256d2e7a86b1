"""What Snakemake plans for a config, without running anything."""

import re
import subprocess
import sys

import pytest

from expressionvae.costs import GPU_RULES
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.slow

PAPER = {
    "train_vae": 19,  # 2 screens x 2 bottlenecks x 4 heads, and the codebooks of Table 4
    "encode": 19,
    "train_prior": 30,  # AR and MDLM on codes, flow on Gaussian latents; AR and MDLM on the codebooks of Table 4
    "baseline": 4,  # 2 screens x (control, perturb-mean)
    "true_vs_true": 2,
    "slice_reversion": 2,  # one a panel
    "reversion": 16,  # the encoders of 2 screens x 2 bottlenecks x 4 heads
    "reversion_references": 2,
    "fetch": 13,
    "score_table": 12,
    "parameters": 1,
    "figure2": 1,
    "figure3": 1,
}


def dry_run(*arguments: str) -> str:
    command = [sys.executable, "-m", "snakemake", "--dry-run", *arguments, "all"]
    return subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=True).stdout


def jobs(plan: str) -> dict[str, int]:
    return {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", plan, flags=re.MULTILINE)}


@pytest.fixture(scope="module")
def paper(tmp_path_factory) -> str:
    return dry_run("--profile", "profiles/slurm", "--directory", str(tmp_path_factory.mktemp("paper")))


def test_the_slurm_profile_plans_the_whole_paper(paper):
    planned = jobs(paper)
    assert {rule: planned[rule] for rule in PAPER} == PAPER


def test_no_file_is_made_twice(paper):
    made = re.findall(r"^    output: (.*)$", paper, flags=re.MULTILINE)
    files = [file for line in made for file in line.split(", ")]
    assert len(files) == len(set(files)) > 300


def test_gpu_rules_ask_for_a_gpu_and_others_do_not(paper):
    asked = {
        rule: "gpu=1" in block
        for rule, block in re.findall(r"^(?:local)?rule (\w+):\n(.*?)(?=^\[|\Z)", paper, flags=re.MULTILINE | re.DOTALL)
    }
    with_gpu = {rule for rule, gpu in asked.items() if gpu}
    assert with_gpu == set(GPU_RULES)


def test_the_demo_is_the_paper_s_grid_on_one_screen(tmp_path):
    planned = jobs(dry_run("--profile", "profiles/demo", "--directory", str(tmp_path)))
    expected = {"train_vae": 11, "train_prior": 18, "reversion": 8, "true_vs_true": 1}
    assert {rule: planned[rule] for rule in expected} == expected


def test_retraining_per_seed_plans_four_times_the_trainings(tmp_path):
    arguments = ["--profile", "profiles/slurm", "--configfile", "config/retrain.yaml", "--directory", str(tmp_path)]
    planned = jobs(dry_run(*arguments))
    assert (planned["train_vae"], planned["train_prior"]) == (4 * 19, 4 * 30)
