"""A baseline of one's own is a folder and a line of config; the workflow trains it, predicts with it and scores it."""

import re

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import yaml

from tests.workflow.conftest import call_copy, copied, tiny

pytestmark = pytest.mark.slow

ABOUT = """
label: Toy
authors: Nobody
paper: {title: None, url: none}
licence: MIT
source: this test
conditions_on: [control-cell]
device: cpu
predicts: log1p
emits: mean
environment: null
options:
  gain: {value: 1.5, source: this test, meaning: how much further than the mean of the perturbed cells}
  breach: {value: none, source: this test, meaning: what of the contract it breaks, stage: predict}
"""
# Nothing of the project's, not even baselines/common: the files and the command line are the whole contract.
TRAIN = """
import argparse, json, sys
from pathlib import Path
import anndata as ad
import numpy as np

parser = argparse.ArgumentParser()
for name in ("train", "options", "seed", "threads", "device", "out"):
    parser.add_argument(f"--{name}", required=True)
given = parser.parse_args()
train, options = ad.read_h5ad(given.train), json.loads(Path(given.options).read_text())
assert set(options) == {"gain", "breach"} and options["breach"] == "none" and given.device == "cpu"
if options["gain"] < 0:
    sys.exit(f"error: {given.options}: option 'gain' is {options['gain']}, expected 0 or more")
control = train.obs["is_control"].to_numpy()
totals = train.X.sum(axis=1)
log = np.log1p(1e4 * train.X.toarray() / np.asarray(totals))
print("toy 1/1 loss 0", file=sys.stderr)
Path(given.out).mkdir()
np.save(Path(given.out) / "shift.npy", options["gain"] * (log[~control].mean(0) - log[control].mean(0)))
"""
PREDICT = """
import argparse, json
from pathlib import Path
import anndata as ad
import numpy as np

parser = argparse.ArgumentParser()
for name in ("model", "query", "options", "seed", "threads", "device", "out"):
    parser.add_argument(f"--{name}", required=True)
given = parser.parse_args()
query, breach = ad.read_h5ad(given.query), json.loads(Path(given.options).read_text())["breach"]
log = np.log1p(1e4 * query.X.toarray() / np.asarray(query.X.sum(axis=1)))
moved = (query.obs["perturbation"] != "non-targeting").to_numpy()[:, None]
log = np.maximum(log + moved * np.load(Path(given.model) / "shift.npy"), 0).astype(np.float32)
cells = ad.AnnData(log, query.obs[["perturbation", "cell_type"]], query.var, uns={"space": "log1p", "target_sum": 1e4})
if breach == "genes":
    cells.var_names = [f"x{name}" for name in cells.var_names]
if breach == "order":
    cells = cells[::-1].copy()
if breach == "labels":
    cells.obs["perturbation"] = "non-targeting"
if breach == "nan":
    cells.X[3, 5] = np.nan
if breach == "negative":
    cells.X[3, 5] = -1
if breach == "space":
    del cells.uns["space"]
cells.write_h5ad(given.out)
"""
BREACHES = {
    "genes": "var_names: number 0 is 'xGENE0001', expected 'GENE0001'",
    "order": "obs['perturbation']: number 0 is 'non-targeting', expected ",
    "labels": "obs['perturbation']: number 0 is 'non-targeting', expected ",
    "nan": "X holds 1 NaN or infinite values",
    "negative": "X holds a negative value",
    "space": "uns['space'] is None, expected 'log1p' as about.yaml has it",
}
CONFIG = {
    "items": ["table1", "claims"],
    "baselines": {
        "toy": {"folder": "toy"},
        **{name: {"folder": "toy", "options": {"breach": name}} for name in BREACHES},
    },
    "paper": {
        "table1": {
            "runs": [
                {"bottleneck": ["fsq"], "prior": ["ar"], "decoder": ["nb-sample"]},
                {"baseline": ["linear", "toy"]},
                {"baseline": ["perturb-mean", "control", "true-vs-true"]},
            ],
            "companion": [],
        }
    },
}
FOLDER = "results/made-up/baselines"
MADE = ["results/paper/table1.csv", "results/paper/claims.csv", "results/made-up/recovery.csv"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A copy of the project with the toy's folder and line in it, in which the tiny grid has run."""
    folder = copied(tmp_path_factory.mktemp("baselines"))
    toy = folder / "baselines" / "toy"
    toy.mkdir()
    for name, text in (("about.yaml", ABOUT), ("train.py", TRAIN), ("predict.py", PREDICT)):
        (toy / name).write_text(text)
    (folder / "own.yaml").write_text(yaml.safe_dump(CONFIG))
    run = snakemake(folder, "--", *MADE)
    assert run.returncode == 0, run.stderr[-3000:]
    return folder


def snakemake(folder, *arguments, more=None):
    """Snakemake with the tiny grid, overlaid by the config above and `more`."""
    files = [folder / "own.yaml"]
    if more:
        files.append(folder / "more.yaml")
        files[-1].write_text(yaml.safe_dump(more))
    return call_copy(folder, *tiny("demo.yaml"), *files, *arguments)


def planned(folder, more=None) -> set[str]:
    run = snakemake(folder, "--dry-run", "--", *MADE, more=more)
    assert run.returncode == 0, run.stderr[-3000:]
    return set(re.findall(r"^(?:local)?rule (\w+):$", run.stdout, flags=re.MULTILINE))


def options(name: str, **values) -> dict:
    return {"baselines": {name: {"options": values}}}


def test_table_1_has_a_row_of_each_with_its_label_and_every_metric(finished):
    table = pd.read_csv(finished / "results/paper/table1.csv").set_index("baseline")
    metrics = yaml.safe_load((finished / "config/config.yaml").read_text())["paper"]["table1"]["columns"]
    assert len(metrics) == 9 and np.isfinite(table.loc[["linear", "toy"], metrics].to_numpy(float)).all()
    rows = re.findall(r"^\|[^|]*\| ([^|]+?) \|", (finished / "results/paper/table1.md").read_text(), re.MULTILINE)
    assert [row for row in rows if row in ("Linear", "Toy", "PerturbMean")] == ["Linear", "Toy", "PerturbMean"]
    scores = pd.read_csv(finished / "results/made-up/recovery.csv")
    assert {"linear", "toy"} <= set(scores["baseline"])


def test_a_linear_shift_learned_elsewhere_beats_control_cells(finished):
    table = pd.read_csv(finished / "results/paper/table1.csv").set_index("baseline")
    assert table.loc["linear", "pearson_delta"] > table.loc["control", "pearson_delta"] + 0.2
    assert table.loc["linear", "pds"] > table.loc["control", "pds"]


def test_a_second_call_has_nothing_to_do(finished):
    assert planned(finished) == set()


def test_the_progress_of_a_training_is_in_its_log(finished):
    (log,) = (finished / "logs/train_baseline_on_cpu/made-up/baselines/toy").rglob("*.log")
    assert log.read_text() == "toy 1/1 loss 0\n"


def test_the_plan_counts_its_jobs(finished):
    run = snakemake(finished, "--", "plan")
    assert run.returncode == 0, run.stderr[-3000:]
    assert re.search(r"^train_baseline_on_cpu +4 ", run.stdout, re.MULTILINE)


def test_no_held_out_combination_is_among_the_cells_that_it_trains_on(finished):
    train, heldout = (
        ad.read_h5ad(finished / FOLDER / "inputs/train.h5ad"),
        ad.read_h5ad(finished / "results/made-up/heldout.h5ad"),
    )
    combinations = [set(zip(part.obs["cell_type"], part.obs["perturbation"], strict=True)) for part in (train, heldout)]
    assert combinations[1] and not combinations[0] & combinations[1]
    assert not {row.tobytes() for row in train.X.toarray()} & {row.tobytes() for row in heldout.X.toarray()}


def test_the_true_cells_are_nowhere_in_the_query_whose_cells_are_training_controls(finished):
    query = ad.read_h5ad(finished / FOLDER / "inputs/query-0.h5ad")
    train, truth = (ad.read_h5ad(finished / f"results/made-up/{part}.h5ad") for part in ("train", "truth"))
    asked = {row.tobytes() for row in query.X.toarray()}
    perturbed = (truth.obs["perturbation"] != "non-targeting").to_numpy()
    assert not asked & {row.tobytes() for row in truth.X.toarray()[perturbed]}
    controls = (train.obs["perturbation"] == "non-targeting") & (train.obs["cell_type"] == "B")
    assert asked <= {row.tobytes() for row in train.X.toarray()[controls.to_numpy()]}
    assert not set(query.obs_names) & set(truth.obs_names)
    assert query.obs["perturbation"].tolist() == truth.obs["perturbation"].tolist()


def test_predicted_cells_tell_where_they_come_from(finished):
    cells = ad.read_h5ad(finished / FOLDER / "toy/model-0/sample-0/cells.h5ad")
    assert cells.obs_names.tolist() == pd.read_csv(finished / "results/made-up/query.csv")["cell"].tolist()
    assert cells.uns["space"] == "linear" and cells.uns["provenance"]["baseline"] == "toy"
    assert cells.uns["provenance"]["seeds"] == {"model": 0, "sample": 0}


def test_another_option_of_training_trains_again_and_one_of_prediction_does_not(finished):
    again = {"predict_baseline_on_cpu", "admit_baseline", "score"}
    assert again | {"train_baseline_on_cpu"} <= planned(finished, options("toy", gain=2.0))
    of_prediction = planned(finished, options("toy", breach="nan"))
    assert again <= of_prediction and "train_baseline_on_cpu" not in of_prediction
    assert "train_baseline_on_cpu" not in planned(finished, {"baselines": {"toy": {"label": "Other"}}})


def test_every_breach_is_refused_in_one_line_that_names_the_baseline_and_the_field(finished):
    cells = [f"{FOLDER}/{name}/model-0/sample-0/cells.h5ad" for name in BREACHES]
    run = snakemake(finished, "--keep-going", "--", *cells)
    assert run.returncode == 1 and "Traceback" not in run.stderr
    assert len(list((finished / FOLDER).glob("toy/*/model-0/weights"))) == 1  # they share the toy's training
    for name, words in BREACHES.items():
        assert not (finished / FOLDER / name / "model-0/sample-0/cells.h5ad").exists()
        log = (finished / f"logs/admit_baseline/made-up/baselines/{name}/model-0.log").read_text()
        (line,) = log.splitlines()
        assert line.startswith(f"error: baseline {name}: {FOLDER}/{name}/") and words in line


def test_what_its_script_refuses_is_one_line_and_leaves_no_weights(finished):
    more = {"baselines": {"bad": {"folder": "toy", "options": {"gain": -1.0}}}}
    run = snakemake(finished, "--", f"{FOLDER}/bad/model-0/sample-0/cells.h5ad", more=more)
    assert run.returncode == 1 and "Traceback" not in run.stderr
    assert "training.json: option 'gain' is -1.0, expected 0 or more" in run.stderr
    assert len(list((finished / FOLDER).glob("toy/*/model-0/*"))) == 2  # weights and options of the other training


def test_a_perturbation_that_no_training_cell_has_is_refused_before_anything_is_trained(finished):
    dataset = yaml.safe_load((finished / "config/demo.yaml").read_text())["datasets"]["made-up"]
    types = dataset["simulation"]["cell_types"]
    dataset["heldout"] = {"cell_type": types, "perturbations": ["GENE0001"]}
    known = {"folder": "linear", "options": {"perturbation_embedding": "identity"}}
    more = {"datasets": {"other": dataset}, "baselines": {"known": known}}
    rows = [f"results/other/baselines/{name}/model-0/sample-0/cells.h5ad" for name in ("known", "toy")]
    run = snakemake(finished, "--keep-going", "--", *rows, more=more)
    assert run.returncode == 1 and "Traceback" not in run.stderr
    (line,) = (finished / "logs/baseline_labels/other.log").read_text().splitlines()
    assert line.startswith("error: dataset other: no training cell has the held-out perturbation 'GENE0001'; ")
    named = re.search(r"from training cells alone: (.*); leave them out of the runs of other ", line)
    assert named and "known" in named[1].split(", ") and not {"toy", "linear"} & {*named[1].split(", ")}
    assert not list((finished / "results/other/baselines").glob("linear/*"))
    assert (finished / rows[1]).exists()  # the toy moves every perturbation alike


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (
            {"folder": "tyo"},
            "baselines.mine.folder: unknown 'tyo' (allowed: cellflow, control, cpa, linear",
        ),
        ({"folder": "toy", "options": {"gian": 2}}, "baselines.mine.options: unknown key 'gian' (did you mean 'gain'?"),
        (
            {"folder": "toy", "options": {"gain": "much"}},
            "baselines.mine.options.gain: 'much' is a text, expected a number",
        ),
    ],
)
def test_an_entry_that_cannot_be_is_refused_before_any_job(finished, entry, words):
    run = snakemake(finished, "--dry-run", "--", "all", more={"baselines": {"mine": entry}})
    assert run.returncode == 1 and words in run.stdout + run.stderr and "Traceback" not in run.stderr


def test_an_environment_that_has_gone_is_named(finished):
    record = finished / "results/environments/scvi.txt"
    record.parent.mkdir(exist_ok=True)
    record.write_text("/nowhere/bin/python\n")
    run = snakemake(finished, "--", f"{FOLDER}/scvi/model-0/sample-0/cells.h5ad")
    record.unlink()
    assert run.returncode == 1
    assert "there is no /nowhere/bin/python any more; delete results/environments/scvi.txt, and the same" in run.stderr
