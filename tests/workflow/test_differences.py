"""Of two runs that differ, the first file in a cell's order is named, and by how much."""

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import torch

from tests.workflow.differences import first_difference

VAE = "made-up/fsq/nb/vae-0"
CELLS = f"{VAE}/ar-0/nb-sample-0/cells.h5ad"
SCORES = f"{VAE}/ar-0/nb-sample-0/distribution.csv"


def cells(values: np.ndarray, commit: str = "abc") -> ad.AnnData:
    obs = pd.DataFrame({"perturbation": pd.Categorical(["a", "b"])}, index=["c1", "c2"])
    return ad.AnnData(values, obs=obs, uns={"provenance": {"commit": commit}})


def write(folder: Path, name: str, change: float = 0.0) -> None:
    """A file of a run; `change` is added to one of its values."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    values[1, 2] += np.float32(change)
    if path.suffix == ".npz":
        np.savez(path, values=values)
    elif path.suffix == ".pt":
        torch.save({"weights": {"a": torch.ones(2), "b": torch.from_numpy(values)}, "provenance": {}}, path)
    elif path.suffix == ".h5ad":
        cells(values).write_h5ad(path)
    elif path.suffix == ".csv":
        pd.DataFrame(values, columns=list("xyz")).to_csv(path, index=False)
    elif path.suffix == ".parquet":
        pd.DataFrame(values, columns=list("xyz")).to_parquet(path)
    else:
        path.write_text(f"{values.tolist()}\n")


FILES = ["made-up/proteins.fasta", "made-up/proteins.npz", "made-up/screen.h5ad", "made-up/train.h5ad",
         "made-up/perturbations.npz", f"{VAE}/vae.pt", f"{VAE}/latents.npz", f"{VAE}/ar-0/prior.pt",
         f"{VAE}/ar-0/latents-0.npz", CELLS, "made-up/truth_de.parquet", SCORES, "paper/table1.csv"]  # fmt: skip


@pytest.fixture
def runs(tmp_path) -> tuple[Path, Path]:
    """Two equal runs."""
    for folder in ("one", "other"):
        for name in FILES:
            write(tmp_path / folder, name)
    return tmp_path / "one", tmp_path / "other"


def test_equal_runs_do_not_differ(runs):
    assert first_difference(*runs) is None


@pytest.mark.parametrize("number", range(len(FILES)))
def test_the_first_file_of_the_chain_is_named_though_all_after_it_differ_too(runs, number):
    for name in FILES[number:]:
        write(runs[1], name, change=0.5)
    assert (first_difference(*runs) or "").startswith(f"{FILES[number]}: ")


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(".fasta")])
def test_it_is_told_how_many_values_differ_and_by_how_much(runs, name):
    write(runs[1], name, change=2e-5)
    told = first_difference(*runs)
    assert told and "1 of " in told and told.endswith("by up to 2e-05") or "by up to 1.9" in (told or "")


def test_a_file_that_one_run_lacks_is_named(runs):
    (runs[1] / CELLS).unlink()
    assert first_difference(*runs) == f"{CELLS}: {runs[1] / CELLS} is not there"


def test_labels_are_compared(runs):
    other = cells(np.arange(6, dtype=np.float32).reshape(2, 3))
    other.obs["perturbation"] = pd.Categorical(["a", "c"])
    other.write_h5ad(runs[1] / CELLS)
    assert first_difference(*runs) == f"{CELLS}: 1 of 2 values of perturbation differ"


def test_where_a_file_comes_from_is_not_compared(runs):
    cells(np.arange(6, dtype=np.float32).reshape(2, 3), commit="def").write_h5ad(runs[1] / CELLS)
    write(runs[0], "benchmarks/score.tsv"), write(runs[1], "benchmarks/score.tsv", change=1)
    assert first_difference(*runs) is None


def test_a_digit_more_in_a_table_is_a_difference(runs):
    table = runs[1] / "paper" / "table1.csv"
    table.write_text(table.read_text().replace("5.0", "5.00"))
    assert first_difference(*runs) == "paper/table1.csv: its text differs, its values do not"
