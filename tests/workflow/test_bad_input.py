"""A user's mistake ends in one clear message, before any training, with nothing half-written left."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import yaml

from tests.conftest import REPOSITORY


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
         "unknown 'nb' (allowed: ce-quant, nb-sample, hurdle, mse, nb-deter, nb-sample-true-library)"),
    ],
)  # fmt: skip
def test_a_bad_config_is_refused_before_any_job(snakemake, tmp_path, change, message):
    run = snakemake(
        "--cores", "1", "--configfile", REPOSITORY / "config" / "demo.yaml", overlay(tmp_path, change), "--", "all"
    )
    assert run.returncode == 1 and message in run.stderr
    assert not (tmp_path / "results").exists()
