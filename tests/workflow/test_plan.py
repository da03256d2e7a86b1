"""What Snakemake plans for a config, without running anything."""

import re
import subprocess
import sys

import pytest

from expressionvae.run.totals import GPU_RULES
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.slow

PAPER = {
    "train_vae": 19,  # 2 screens x 2 bottlenecks x 4 heads, and the codebooks of Table 4
    "encode": 19,
    "train_prior": 30,  # AR and MDLM on codes, flow on Gaussian latents; AR and MDLM on the codebooks of Table 4
    "true_vs_true": 2,
    "slice_reversion": 2,  # one a panel
    "reversion": 16,  # the encoders of 2 screens x 2 bottlenecks x 4 heads
    "reversion_references": 2,
    "fetch": 16,  # three of them scGPT's checkpoint
    "score_table": 7,  # Tables 1 and 4-9
    "score_table_of_ours": 5,
    "parameters": 1,
    "figure2": 1,
    "figure3": 1,
}


def said_in_dry_run(*arguments: str) -> tuple[str, str]:
    """What a dry run prints, and what it says beside that."""
    command = [sys.executable, "-m", "snakemake", "--dry-run", *arguments, "--", "all"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY)
    assert run.returncode == 0, run.stderr[-3000:]
    return run.stdout, run.stderr


def dry_run(*arguments: str) -> str:
    return said_in_dry_run(*arguments)[0]


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
    assert with_gpu == set(GPU_RULES) & asked.keys()


BASELINES = {
    "baseline_environment": 4,  # of scVI, CPA and scGen; of STATE; of scGPT; of scLDM
    "bring": 2,  # what scGPT is fine-tuned from; scLDM's code
    "baseline_training": 2,
    "baseline_labels": 1,  # of Replogle: with a learned table `prepare` requires that all is seen
    "baseline_perturbations": 2,
    "baseline_query": 2,  # one serves all sampling seeds
    "train_baseline": 2 * 6,  # scVI, CPA, scGen, STATE, scGPT, scLDM: means and samples come from one training
    "train_baseline_on_cpu": 2 * 3,  # PerturbMean, control, the linear model
    "predict_baseline": 2 * 8 * 4,
    "predict_baseline_on_cpu": 2 * 3 * 4,
    "admit_baseline": 2 * 11,  # one serves all sampling seeds
}
OURS = {  # of them, those of PerturbMean and control
    "baseline_training": 2,
    "baseline_query": 2,
    "train_baseline_on_cpu": 2 * 2,
    "predict_baseline_on_cpu": 2 * 2 * 4,
    "admit_baseline": 2 * 2,
}


def test_the_paper_s_plan_trains_the_baselines(paper):
    planned = jobs(paper)
    assert {rule: planned[rule] for rule in BASELINES} == BASELINES
    asks = dict(re.findall(r"^(?:local)?rule (\w+):\n(.*?)(?=^\[|\Z)", paper, flags=re.MULTILINE | re.DOTALL))
    with_gpu = {rule for rule in BASELINES if "gpu=1" in asks[rule]}
    assert with_gpu == {"train_baseline", "predict_baseline"}


def test_without_those_of_other_authors_the_paper_s_plan_shrinks_by_their_jobs_alone(paper, tmp_path):
    arguments = ["--profile", "profiles/slurm", "--configfile", "config/without-baselines.yaml"]
    planned, whole = jobs(dry_run(*arguments, "--directory", str(tmp_path))), jobs(paper)
    gone = {rule: count - OURS.get(rule, 0) for rule, count in BASELINES.items()} | {"score": 2 * 9, "fetch": 3}
    gone["total"] = sum(gone.values())
    left = {rule: count - gone.get(rule, 0) for rule, count in whole.items()}
    assert planned == {rule: count for rule, count in left.items() if count}


def test_the_jobs_that_readme_states_are_those_of_the_plan(paper):
    stated = re.search(r"# the whole plan: (\d+) jobs$", (REPOSITORY / "README.md").read_text(), flags=re.MULTILINE)
    assert stated and int(stated[1]) == jobs(paper)["total"]


CONDA = """#!/bin/sh
test "$1" = --version && echo "conda 24.7.1" && exit
echo '{"conda_prefix": "/opt/conda", "platform": "linux-64", "conda_version": "24.7.1", "root_prefix": "/opt/conda",
  "channel_priority": "strict", "get": {"channel_priority": "strict"}}'
"""


def test_where_conda_makes_environments_none_is_built_beside_them(tmp_path, monkeypatch):
    (tmp_path / "conda").write_text(CONDA)
    (tmp_path / "conda").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    arguments = ["--configfile", "config/demo.yaml", "config/demo-baselines.yaml", "--directory", str(tmp_path)]
    plan = dry_run("--cores", "1", "--software-deployment-method", "conda", "--printshellcmds", *arguments)
    planned = jobs(plan)
    assert "baseline_environment" not in planned and planned["train_baseline"] == 5
    assert plan.count('python="$(command -v python)"') == sum(planned[rule] for rule in BASELINES if "_baseline" in rule
                                                             and "admit" not in rule)  # fmt: skip


def test_the_demo_is_the_paper_s_grid_on_one_screen(tmp_path):
    planned = jobs(dry_run("--profile", "profiles/demo", "--directory", str(tmp_path)))
    expected = {"train_vae": 11, "train_prior": 18, "reversion": 8, "true_vs_true": 1}
    assert {rule: planned[rule] for rule in expected} == expected


def test_retraining_per_seed_plans_four_times_the_trainings(tmp_path):
    arguments = ["--profile", "profiles/slurm", "--configfile", "config/retrain.yaml", "--directory", str(tmp_path)]
    planned = jobs(dry_run(*arguments))
    assert (planned["train_vae"], planned["train_prior"]) == (4 * 19, 4 * 30)


OWN = """
screens: [mine]
datasets:
  mine:
    kind: local
    path: my_screen.h5ad
    perturbation_column: gene
    cell_type_column: cell_line
    control: non-targeting
    gene_column: null
    layer: null
    library_column: null
    embedding: learned
    separator: null
    min_cells: 30
    genes: 2000
    heldout: {cell_type: hepg2, perturbations: [MYC, GATA1]}
"""
REVERSION = """
reversion:
  screens:
    my-reversion: {kind: local, path: my_screen.h5ad, gene_column: null, layer: null, library_column: null,
      target_column: gene, condition_column: state, treated: a, untreated: b, control: ctrl, leave_out: [],
      min_cells: 30, positives: [MYC], published: false}
paper:
  figure3: {screens: [my-reversion]}
"""


def of_own_screen(folder, *configs: str, own: str = OWN, more: str = "") -> tuple[dict[str, int], str, str]:
    """Jobs of README's command for one's own screen, the plan, and what is said beside it."""
    (folder / "my_screen.h5ad").touch()
    (folder / "mine.yaml").write_text(own + more)
    files = [*configs, str(folder / "mine.yaml")]
    plan, said = said_in_dry_run(
        "--cores", "4", "--directory", str(folder), "--configfile", *files, "--config", f"data_dir={folder}"
    )
    return jobs(plan), plan, said


def datasets(plan: str) -> set[str]:
    return set(re.findall(r"results/([a-z0-9-]+)/fsq/", plan))


def test_an_own_screen_plans_itself_and_nothing_of_the_paper_s(tmp_path):
    planned, plan, said = of_own_screen(tmp_path)
    expected = {"prepare": 1, "train_vae": 8, "train_prior": 12, "figure2": 1, "claims": 1}
    assert {rule: planned[rule] for rule in expected} == expected and datasets(plan) == {"mine"}
    assert not {"assemble_replogle", "find_parse1m_counts", "slice_reversion", "figure3"} & planned.keys()
    assert planned["fetch"] == len(re.findall(r"^    output: results/downloads/scgpt", plan, flags=re.MULTILINE)) == 3
    left = "Left out, because they are not about mine (config key `screens`): "
    assert said.count(left + "table4, table5, table6, table7, table8, figure3.") == 1


def test_an_own_screen_in_small_plans_table_1_and_figure_2(tmp_path):
    planned, plan, said = of_own_screen(tmp_path, "config/small.yaml")
    expected = {"prepare": 1, "train_vae": 4, "train_prior": 8, "score_table": 1, "figure2": 1}
    assert {rule: planned[rule] for rule in expected} == expected and datasets(plan) == {"mine"}
    assert "fetch" not in planned and "Left out" not in said


def test_a_reversion_screen_of_one_s_own_is_shown_and_the_paper_s_is_not_fetched(tmp_path):
    planned, _, said = of_own_screen(tmp_path, "config/without-baselines.yaml", more=REVERSION)
    assert (planned["slice_reversion"], planned["reversion"], planned["figure3"]) == (1, 8, 1)
    assert "fetch" not in planned and "figure3" not in said


def test_beside_one_of_the_paper_s_screens_only_its_tables_are_planned(tmp_path):
    planned, plan, said = of_own_screen(tmp_path, own=OWN.replace("screens: [mine]", "screens: [mine, replogle]"))
    assert datasets(plan) == {"mine", "replogle"} and "results/parse1m" not in plan
    assert planned["slice_reversion"] == 2 and "table5, table7." in said


def test_the_paper_leaves_nothing_out(tmp_path):
    _, said = said_in_dry_run("--cores", "1", "--directory", str(tmp_path))
    assert "Left out" not in said


def test_an_own_screen_of_which_nothing_is_held_out_plans_no_score(tmp_path):
    own = OWN.replace("{cell_type: hepg2, perturbations: [MYC, GATA1]}", "null")
    planned, plan, said = of_own_screen(tmp_path, "config/small.yaml", own=own)
    assert not {"truth", "score", "true_vs_true", "score_table"} & planned.keys() and datasets(plan) == set()
    assert said.count("Nothing of mine is scored: nothing of it is held out (config key `heldout` is null).") == 1
    assert "Left out, because they score predictions: table1, figure2." in said


def test_each_of_several_cell_types_is_a_screen_with_trainings_of_its_own(tmp_path):
    own = OWN.replace("{cell_type: hepg2, p", "{each: [hepg2, K 562], p")
    planned, plan, _ = of_own_screen(tmp_path, "config/small.yaml", own=own)
    assert datasets(plan) == {"mine-hepg2", "mine-k-562"}
    assert (planned["prepare"], planned["train_vae"], planned["score_table"]) == (2, 8, 1)


def test_items_of_which_none_is_about_the_screens_are_refused(tmp_path):
    (tmp_path / "mine.yaml").write_text(OWN + "items: [table4, table5, claims]\n")
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--directory", tmp_path, "--configfile"]
    run = subprocess.run(
        [*map(str, command), str(tmp_path / "mine.yaml")], capture_output=True, text=True, cwd=REPOSITORY
    )
    assert run.returncode == 1
    assert "items: nothing of table4, table5, claims is about the datasets of `screens`, mine" in run.stdout
