"""docs/own-screen.md, run as it is printed: its config, its commands."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import REPOSITORY

pytestmark = pytest.mark.slow

TINY = """
vae: {training: {iterations: 10, warmup: 2, validate_every: 5, checkpoint_every: 5}}
prior: {training: {iterations: 10, warmup: 2, validate_every: 5, checkpoint_every: 5}}
composition: {cell_types: 1, iterations: {vae: null, prior: null}}
replicates: {samples: [0]}
evaluation: {cells_per_perturbation: 60, controls: 60, components: 10, richness: {cells: 8, draws: 2}}
datasets: {mine: {genes: 60}}
"""
PAGE = (REPOSITORY / "docs" / "own-screen.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, shared) -> Path:
    """A folder in which the commands have been given, with the file that the page speaks of."""
    here = tmp_path_factory.mktemp("own")
    (here / "data").symlink_to(shared / "data")
    for name, config in zip(("mine.yaml", "ask.yaml"), blocks("yaml"), strict=True):
        (here / name).write_text(config)
    (here / "tiny.yaml").write_text(TINY)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for command in blocks("sh"):
        # the page's commands are given in the repository; here results lie apart from it, and sizes are smaller
        arguments = command.strip().replace(" mine.yaml", f" {here}/mine.yaml {here}/tiny.yaml")
        arguments = arguments.replace(" ask.yaml", f" {here}/ask.yaml")
        arguments = arguments.replace("snakemake ", f"snakemake --directory {here} ", 1)
        done = subprocess.run(
            ["bash", "-c", arguments], cwd=REPOSITORY, env=os.environ | {"PATH": path}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
        if command.rstrip().endswith("-- predict"):
            assert "rule train_" not in done.stderr and "rule predict_cells" in done.stderr
    return here


def test_the_table_has_the_model_and_what_it_must_beat(folder):
    table = (folder / "results/paper/table1.md").read_text()
    assert "hurdle" in table.casefold() and "perturb" in table.casefold()


def test_the_composition_has_every_run_where_another_cell_type_is_left_out(folder):
    table = pd.read_csv(folder / "results/mine/composition.csv")
    assert set(table["run"]) == {"fsq/ar/hurdle", "fsq/ar/hurdle-anchored", "control", "perturb-mean"}
    assert table["left_out_cell_type"].nunique() == 1 and "CD4T" not in set(table["left_out_cell_type"])
    assert {"fd", "pearson_delta"} <= set(table["metric"])


def test_the_companion_of_the_table_has_the_composition(folder):
    companion = (folder / "results/paper/table1.compared.md").read_text()
    lines = companion[companion.index("**Composition") :].splitlines()
    runs = {"FSQ AR hurdle", "FSQ AR hurdle, anchored", "Control as prediction", "PerturbMean"}
    assert {line.split(" | ")[1] for line in lines if line.startswith("| mine |")} == runs


def test_the_pair_of_the_table_is_predicted_and_rests_on_what_was_left_out(folder):
    page = (folder / "results/mine/predictions/CD4T/stimulated/page.html").read_text()
    assert "means over 1 left-out cell types" in page and "Predicted here, cells called CD4T" in page
    table = pd.read_csv(folder / "results/mine/predictions/summary.csv")
    assert len(table) == 3 and table["identity_real_controls"].between(0.5, 1).all()
    assert table["left_out_pearson_delta"].notna().all()


def test_the_prediction_in_python_runs_as_it_is_printed(folder):
    (code,) = blocks("python")
    code += "\nprint(cells.shape, (cells.layers['log1p'].sum(axis=1) > 0).all())"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.split() == ["(100,", "60)", "True"], done.stderr[-2000:]


def test_the_page_answers_where_newcomers_had_to_guess():
    headings = re.findall(r"^\*\*(.*?)\.?\*\*", PAGE, flags=re.MULTILINE)
    assert len(headings) >= 10 and blocks("sh")[-1].rstrip().endswith("-- predict")
