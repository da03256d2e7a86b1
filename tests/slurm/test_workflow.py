"""The whole workflow on a SLURM cluster, through the profile that users get."""

import re
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import REPOSITORY
from tests.slurm.conftest import Cluster, configs
from tests.workflow.differences import first_difference

pytestmark = pytest.mark.slow
GPU = {"train_vae", "train_prior", "encode", "true_codes", "sample", "decode", "embed_proteins", "reversion"}


@pytest.fixture(scope="module")
def finished(cluster, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("there")
    run = cluster.snakemake(folder, *configs(), "--", "all")
    assert run.wait() == 0, (folder / "run.log").read_text()[-5000:]
    return folder


def submitted(folder: Path) -> dict[str, list[str]]:
    """SLURM's job numbers by rule, from the log files that are left."""
    jobs: dict[str, list[str]] = {}
    for path in (folder / "logs" / "slurm").glob("rule_*/**/*.log"):
        jobs.setdefault(path.relative_to(folder / "logs" / "slurm").parts[0][5:], []).append(path.stem)
    return jobs


def test_gpu_rules_got_one_gpu_of_the_type_asked_for_and_others_none(finished, cluster):
    for rule, numbers in submitted(finished).items():
        for number in numbers:
            job = cluster.job(number)
            assert job["JobState"] == "COMPLETED"
            assert job.get("TresPerJob") == ("gres:gpu:h100:1" if rule in GPU else None), rule
            assert job["Partition"] == ("gpu" if rule in GPU else "cpu"), rule
    assert submitted(finished).keys() >= GPU


def test_every_job_got_the_cpus_and_the_memory_of_the_profile(finished, cluster):
    asked = {"train_vae": (8, 64000), "decode": (8, 32000), "score": (4, 8000), "truth": (1, 64000)}
    for rule, wanted in asked.items():
        job = cluster.job(submitted(finished)[rule][0])
        assert (int(job["NumCPUs"]), megabytes(job["MinMemoryNode"])) == wanted, rule


def megabytes(text: str) -> float:
    """SLURM's 32000M or 62.50G."""
    return float(text[:-1]) * {"M": 1, "G": 1024}[text[-1]]


def test_a_job_s_name_and_comment_tell_what_it_is(finished, cluster):
    jobs = [cluster.job(number) for number in submitted(finished)["train_vae"]]
    assert all(job["JobName"].startswith("expressionvae_") for job in jobs)
    models = {"made-up_fsq_nb_0", "made-up_fsq_ce_0", "made-up_gaussian_mse_0"}
    assert {job["Comment"] for job in jobs} == {f"rule_train_vae_wildcards_{model}" for model in models}


def test_logs_lie_where_the_documentation_says(finished):
    text = (REPOSITORY / "docs" / "slurm.md").read_text()
    assert "logs/{rule}/" in text and "logs/slurm/rule_{rule}/" in text
    assert (finished / "logs/train_vae/made-up/fsq/nb/vae-0.log").read_text().endswith(" s\n")
    (log,) = (finished / "logs/slurm/rule_train_vae/made-up_fsq_nb_0").glob("*.log")
    assert re.search(r"^vae 10/10 ", log.read_text(), flags=re.MULTILINE)


def test_where_accounts_are_kept_the_run_ends_with_what_each_rule_used(finished, cluster):
    if not cluster.keeps_accounts:
        pytest.skip("needs slurmdbd and mariadbd: on Debian, `make slurm-test` installs them")
    (report,) = (finished / "logs" / "slurm").glob("efficiency_report_*.csv")
    used = pd.read_csv(report)
    assert len(used) == sum(map(len, submitted(finished).values()))
    assert "rule_train_vae_wildcards_made-up_fsq_nb_0" in set(used["RuleName"])
    assert (used["MaxRSS_MB"] > 0).all() and (used["MaxRSS_MB"] < used["RequestedMem_MB"]).all()


def test_small_rules_ran_beside_snakemake(finished):
    assert submitted(finished).keys().isdisjoint({"table1", "figure2", "loss_curves", "config_in_force", "download"})


def test_the_results_are_those_of_a_run_without_slurm_to_the_byte(finished, here):
    assert first_difference(here / "results", finished / "results") is None
    files = [path for path in (here / "results").rglob("*.csv") if path.name != "resources.csv"]  # seconds differ
    names = [path.relative_to(here) for path in files]
    assert len(names) > 10
    for name in names:
        assert (finished / name).read_bytes() == (here / name).read_bytes(), name


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cpu_partition": "cqu"}, "sbatch: error: invalid partition specified: cqu"),
        ({"gpu_type": "h101"}, "sbatch: error: Batch job submission failed: Requested node configuration is not avail"),
        ({"account": "lob"}, "The given account lob appears to be invalid. Available accounts:"),
        ({"gpus": "2"}, ".yaml: unknown or missing: gpus; expected account, accounting, cpu_partition"),
    ],
)  # fmt: skip
def test_a_wrong_name_in_the_site_s_file_fails_at_once_and_is_named(change, words, cluster: Cluster, tmp_path):
    if "account" in change and not cluster.keeps_accounts:
        pytest.skip("needs slurmdbd and mariadbd: on Debian, `make slurm-test` installs them")
    target = "results/made-up/proteins.npz" if "gpu_type" in change else "results/made-up/proteins.fasta"
    fasta = ["--", "results/made-up/proteins.fasta", "results/tiny_esm2.pt"]
    if "gpu_type" in change:
        assert cluster.snakemake(tmp_path, *configs(), *fasta).wait() == 0
    run = cluster.snakemake(tmp_path, *configs(), "--", target, **change)
    assert run.wait(timeout=60) != 0
    assert words in (tmp_path / "run.log").read_text()
