"""A user's mistake ends in one clear message, before any training, with nothing half-written left."""

import os
import shutil
import subprocess

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.workflow.conftest import call


def overlay(folder, config: dict) -> str:
    path = folder / "overlay.yaml"
    path.write_text(yaml.safe_dump(config))
    return str(path)


def a_screen(path, values) -> None:
    labels = {"gene": ["ctrl", "A"] * 40, "guides": ["ctrl", "A", "ctrl+ctrl", "ctrl+A"] * 20}
    obs = pd.DataFrame(labels | {"line": ["X"] * 40 + ["Y"] * 40}, index=[f"c{i}" for i in range(80)])
    ad.AnnData(values, obs, pd.DataFrame(index=[f"G{i}" for i in range(values.shape[1])])).write_h5ad(path)


LOCAL = {
    "kind": "local", "path": "mine.h5ad", "perturbation_column": "gene", "cell_type_column": "line", "control": "ctrl",
    "gene_column": None, "layer": None, "library_column": None, "embedding": "learned", "separator": None,
    "min_cells": 5, "genes": None, "heldout": {"cell_type": "Y", "perturbations": ["A"]},
}  # fmt: skip


def prepare(snakemake, tmp_path, **changes):
    config = {"screens": ["mine"], "datasets": {"mine": LOCAL | changes}, "data_dir": str(tmp_path)}
    return snakemake("--cores", "1", "--configfile", overlay(tmp_path, config), "--", "results/mine/train.h5ad")


COUNTS = np.random.default_rng(0).poisson(2.0, (80, 6)).astype(np.float32)
MISTAKES = {  # each of the others is a test of tests/data
    "log values": (np.log1p(COUNTS), {}, "mine.h5ad: X holds 1.09861 at cell 'c0' (row 0), gene"),
    "missing control": (COUNTS, {"control": "NT"}, "mine.h5ad: no cell has the control label 'NT'"),
    "two spellings": (COUNTS, {"perturbation_column": "guides", "separator": "+"}, "'A' (20 cells) and 'ctrl+A' (20"),
    "no protein": (COUNTS, {"embedding": "esm2", "proteins": "p.fasta"}, "a record of the file is 'ENSP00000269305.4'"),
    "nothing held out": (COUNTS, {"heldout": {"cell_type": "Y", "perturbations": []}}, "selects no perturbation"),
}


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_bad_screen_is_refused_by_name_and_leaves_no_file(snakemake, tmp_path, mistake):
    values, changes, message = MISTAKES[mistake]
    a_screen(tmp_path / "mine.h5ad", values)
    (tmp_path / "p.fasta").write_text(">ENSP00000269305.4\nMEEPQSDPSV\n")
    run = prepare(snakemake, tmp_path, **changes)
    lines = [line for line in run.stderr.splitlines() if line.startswith("error: ")]
    assert run.returncode == 1 and message in lines[0]
    assert not list((tmp_path / "results" / "mine").glob("*"))
    assert (tmp_path / "logs" / "prepare" / "mine.log").read_text().startswith("error: ")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_screen_may_be_a_zarr_folder(snakemake, tmp_path):
    a_screen(tmp_path / "mine.h5ad", COUNTS)
    ad.read_h5ad(tmp_path / "mine.h5ad").write_zarr(tmp_path / "mine.zarr")
    run = prepare(snakemake, tmp_path, path="mine.zarr")
    assert run.returncode == 0, run.stderr
    assert ad.read_h5ad(tmp_path / "results" / "mine" / "train.h5ad").n_obs == 60


@pytest.mark.slow
def test_a_truncated_file_is_refused_by_name(snakemake, tmp_path):
    a_screen(tmp_path / "mine.h5ad", COUNTS)
    whole = (tmp_path / "mine.h5ad").read_bytes()
    (tmp_path / "mine.h5ad").write_bytes(whole[: len(whole) // 2])
    run = prepare(snakemake, tmp_path)
    assert run.returncode == 1 and "mine.h5ad: not a readable h5ad file" in run.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vae": {"model": {"widht": 3}}}, "vae.model: unknown key 'widht' (did you mean 'width'?"),
        ({"paper": {"table1": {"runs": [{"bottleneck": ["fsq"], "prior": ["flow"], "decoder": ["mse"]}]}}},
         "prior 'flow' cannot model bottleneck 'fsq' (kind 'fsq'); it needs kind 'gaussian': gaussian"),
        ({"paper": {"table1": {"runs": [{"bottleneck": ["fsq"], "prior": ["ar"], "decoder": ["nb"]}]}}},
         "unknown 'nb' (allowed: ce-quant, nb-sample, hurdle, mse, nb-deter, nb-sample-told, "),
        ({"vae": {"training": {"batch_size": 64.0, "learning_rate": float("nan")}}},
         "vae.training.batch_size: 64.0 is not of type 'integer'; write 64"),
        ({"replicates": {"samples": [-1]}}, "replicates.samples.0: -1 is less than the minimum of 0"),
        ({"datasets": {"mine\n": LOCAL}}, "datasets: 'mine\\n' is refused: a name has lower-case letters"),
        ({"datasets": {"paper": LOCAL}}, "datasets: 'paper' is refused: a name has lower-case letters"),
        ({"datasets": {"mine": LOCAL | {"control": ["ctrl"]}}}, "datasets.mine.control: ['ctrl'] is not of type"),
        ({"esm2": {"tiny": None}}, "esm2: both checkpoint and tiny are null, but datasets.made-up needs one of them"),
        ({"data_dir": "/a/{b}"}, "data_dir: '/a/{b}' has '{', which Snakemake takes for a wildcard"),
    ],
)  # fmt: skip
def test_a_bad_config_is_refused_before_any_job(snakemake, tmp_path, change, message):
    run = snakemake(
        "--cores", "1", "--configfile", REPOSITORY / "config" / "demo.yaml", overlay(tmp_path, change), "--", "all"
    )
    assert run.returncode == 1 and message in run.stderr
    assert not (tmp_path / "results").exists()


@pytest.mark.slow
@pytest.mark.parametrize("text", ["vae: {devices: 1}\n\nvae: {devices: 2}\n", '{"vae": {"devices": 1},\n\n"vae": {}}'])
def test_a_block_that_stands_twice_in_any_config_file_is_refused(snakemake, tmp_path, text):
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(text)
    second.write_text("batch_size: 8\n")
    run = snakemake("--cores", "1", "--configfile", first, second, "--", "all")
    assert run.returncode == 1 and f"{first}: key 'vae' stands twice, in lines 1 and 3; keep one" in run.stderr


@pytest.mark.slow
def test_a_site_s_text_that_yaml_would_change_reaches_slurm_as_it_is(tmp_path, monkeypatch):
    site = (REPOSITORY / "profiles/slurm/site.yaml").read_text()
    (tmp_path / "site.yaml").write_text(site.replace("account: null", "account: 0123"))
    monkeypatch.setenv("EXPRESSIONVAE_SITE", str(tmp_path / "site.yaml"))
    arguments = ["--profile", "profiles/slurm", "--dry-run", "--", "results/replogle/fsq/nb/vae-0/vae.pt"]
    run = call(tmp_path, *arguments)
    assert run.returncode == 0 and "slurm_account=0123," in run.stdout.replace("\n", ",")
    (tmp_path / "site.yaml").write_text(site.replace("max_hours: 24 ", "max_hours: 1-00:00:00 "))
    run = call(tmp_path, *arguments)
    assert run.returncode != 0 and "site.yaml: max_hours: '1-00:00:00' is not allowed; expected a number" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.fixture
def read_only(tmp_path):
    """A folder that nobody may write into, not even root."""
    folder = tmp_path / "read-only"
    folder.mkdir()
    if os.geteuid() != 0:
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)
        return
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("root writes into every folder, and may not mount a read-only one here")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.slow
def test_a_working_folder_that_cannot_be_written_is_one_line(read_only):
    run = call(read_only, "--cores", "1", "--", "results/config.yaml")
    assert run.returncode == 1 and "Traceback" not in run.stderr
    assert f"{read_only}: cannot be written into; give another working folder (--directory FOLDER)" in run.stderr


@pytest.mark.slow
def test_a_checkout_in_a_folder_with_braces_is_one_line(tmp_path):
    folder = tmp_path / "a{b}"
    for name in ("workflow", "config", "resources", "baselines"):
        shutil.copytree(REPOSITORY / name, folder / name)
    shutil.copy(REPOSITORY / "Snakefile", folder)
    run = call(tmp_path, "--cores", "1", "--snakefile", folder / "Snakefile", "--", "all")
    assert run.returncode == 1 and "the workflow's folder: " in run.stderr and "Traceback" not in run.stderr
    assert "has '{', which Snakemake takes for a wildcard; rename it, or link to it" in run.stderr
