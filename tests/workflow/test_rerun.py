"""What a second call plans: what depends on something that has changed, and no more."""

import os
import re
import shutil

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import yaml

from tests.conftest import REPOSITORY
from tests.test_config import merged
from tests.workflow.conftest import call, tiny

pytestmark = pytest.mark.slow

RUN = "results/mine/fsq/nb/vae-0/ar-0/sample-0"
SCREEN = {
    "kind": "local", "path": "mine.h5ad", "note": "a screen", "perturbation_column": "gene",
    "cell_type_column": "line", "control": "ctrl", "gene_column": None, "layer": None, "library_column": None,
    "embedding": "esm2", "proteins": "mine.fasta", "separator": None, "min_cells": 5, "genes": None,
    "heldout": {"cell_type": "Y", "perturbations": ["A"]},
}  # fmt: skip
REVERSION = {
    "kind": "local", "path": "other.h5ad", "note": "another", "gene_column": None, "layer": None,
    "library_column": None, "target_column": "gene", "condition_column": "line", "treated": "Y", "untreated": "X",
    "control": "ctrl", "leave_out": [], "min_cells": 5, "positives": ["A"], "published": False,
}  # fmt: skip
CONFIG = {
    "screens": ["mine"],
    "datasets": {"mine": SCREEN},
    "esm2": {"checkpoint": "esm2.pt", "tiny": None},
    "reversion": {"screens": {"other": REVERSION}},
    "items": ["table1"],
    "paper": {"figure3": {"screens": ["other"]}},
}
MADE = [f"{RUN}/distribution.csv", "results/mine/reversion-other.h5ad", "results/mine/bin_coverage.json",
        "results/mine/baselines/control/model-0/sample-0/distribution.csv", "results/paper/table2.md"]  # fmt: skip
CHEAP = {
    *("config_in_force", "settings_table", "score_table", "score_table_of_ours"),
    *("figure1", "claims", "resources", "versions", "pages"),
}


def a_screen(path, seed: int) -> None:
    obs = pd.DataFrame(
        {"gene": ["ctrl", "A", "B", "C"] * 40, "line": ["X"] * 80 + ["Y"] * 80}, index=[f"c{i}" for i in range(160)]
    )
    counts = np.random.default_rng(seed).poisson(2.0, (160, 8)).astype(np.float32)
    ad.AnnData(counts, obs, pd.DataFrame(index=["A", "B", "C", *"DEFGH"])).write_h5ad(path)


def arguments(folder, *overlays: dict) -> list:
    config = CONFIG | {"data_dir": str(folder / "data")}
    for overlay in overlays:
        config = merged(config, overlay)
    path = folder / "overlay.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return [*tiny("small.yaml"), path]


def planned(folder, *overlays: dict) -> set[str]:
    """The rules that the next call would run, for what the fixture has made."""
    run = call(folder, *arguments(folder, *overlays), "--dry-run", "--", *MADE)
    assert run.returncode == 0, run.stderr[-3000:]
    return set(re.findall(r"^(?:local)?(?:rule|checkpoint) (\w+):$", run.stdout, flags=re.MULTILINE))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder in which a lab's screen, with files of its own, has come to its scores."""
    folder = tmp_path_factory.mktemp("rerun")
    data = folder / "data"
    data.mkdir()
    a_screen(data / "mine.h5ad", 0)
    a_screen(data / "other.h5ad", 1)
    (data / "mine.fasta").write_text("".join(f">sp|P|X GN={name}\n{'MKV' * 7}{name}\n" for name in "ABC"))
    weights = ["results/tiny_esm2.pt", "results/tiny_esm2-contact-regression.pt"]
    size = {"esm2": {"checkpoint": None, "tiny": {"layers": 1, "width": 8, "heads": 2, "seed": 0}}}
    run = call(folder, *arguments(folder, size), "--", *weights)
    assert run.returncode == 0, run.stderr[-3000:]
    for path in weights:
        shutil.move(folder / path, data / path.split("/")[-1].replace("tiny_", ""))
    run = call(folder, *arguments(folder), "--", *MADE)
    assert run.returncode == 0, run.stderr[-3000:]
    assert planned(folder) == set()
    return folder


def test_what_nothing_is_made_from_plans_nothing(finished):
    turned = {"datasets": {"mine": dict(reversed(SCREEN.items()))}}
    texts = {
        "datasets": {"mine": {"note": "another <b>note</b>"}, "replogle": {"note": "x", "min_cells": 7}},
        "reversion": {"screens": {"other": {"note": "x", "published": True}}, "bootstrap": 500},
        "plan": {"device": "h100"},
        "items": ["figure2", "table1", "claims"],
        "paper": {"table1": {"columns": ["fd"], "published_baselines": []}, "table5": {"columns": ["w2"]}},
        "bottlenecks": {"fsq-wide": {"tokens": 3}},
        "priors": {"mdlm": {"steps": 3}},
        "vae": {"training": {"checkpoint_every": 7}},
        "prior": {"training": {"checkpoint_every": 7}},
    }
    assert planned(finished, turned) == set()
    assert planned(finished, texts) <= CHEAP


DEPENDING = {  # the first rule that must run, by what has changed
    "prepare": [{"datasets": {"mine": {"min_cells": 6}}}, {"datasets": {"mine": {"genes": 7}}}],
    "fit_bins": [{"bins": {"lower": [0, 1, 2, 3]}}],
    "truth": [{"evaluation": {"controls": 70}}],
    "truth_de": [{"evaluation": {"rescale_to": 9999}}, {"datasets": {"mine": {"fold_change_epsilon": 0.5}}}],
    "cell_types": [{"evaluation": {"identity": {"cells_per_type": 7}}}],
    "score": [{"evaluation": {"components": 5}}],
    "bin_coverage": [{"evaluation": {"top_degs": 3}}],
    "train_vae": [{"vae": {"training": {"learning_rate": 0.001}}}, {"bottlenecks": {"fsq": {"tokens": 3}}}],
    "train_prior": [{"prior": {"model": {"layers": 2}}}, {"priors": {"ar": {"positions": False}}}],
    "decode": [{"evaluation": {"richness": {"draws": 3}}}],
    "embed_proteins": [{"esm2": {"tokens_per_batch": 2048}}],
    "slice_reversion": [{"reversion": {"screens": {"other": {"min_cells": 6}}}}],
}
BEFORE = {  # rules that need not run again for it
    "fit_bins": {"prepare"},
    "truth": {"prepare", "train_vae"},
    "truth_de": {"prepare", "truth", "train_vae"},
    "cell_types": {"prepare", "truth", "truth_de", "decode", "baseline_query"},
    "score": {"prepare", "truth", "cell_types", "truth_de", "decode", "baseline_query"},
    "bin_coverage": {"prepare", "truth", "score", "decode"},
    "train_vae": {"prepare", "perturbations", "truth"},
    "train_prior": {"prepare", "train_vae", "encode"},
    "decode": {"train_vae", "train_prior", "sample"},
    "embed_proteins": {"prepare", "train_vae"},
    "slice_reversion": {"prepare", "train_vae", "score"},
}


@pytest.mark.parametrize("rule", DEPENDING)
def test_what_a_rule_depends_on_plans_it(finished, rule):
    for change in DEPENDING[rule]:
        plan = planned(finished, change)
        assert rule in plan and not plan & BEFORE.get(rule, set())


@pytest.mark.parametrize(
    ("file", "rule"),
    [("mine.h5ad", "prepare"), ("other.h5ad", "slice_reversion"), ("mine.fasta", "embed_proteins"),
     ("esm2.pt", "embed_proteins"), ("esm2-contact-regression.pt", "embed_proteins")],
)  # fmt: skip
def test_another_file_under_the_same_name_and_an_older_date_is_noticed(finished, file, rule):
    path = finished / "data" / file
    kept = path.with_suffix(".kept")
    shutil.copy2(path, kept)
    try:
        path.write_bytes(path.read_bytes()[:-1] + b"?")  # as long, and of another day: what rsync -a brings
        os.utime(path, (1e9, 1e9))
        plan = planned(finished)
    finally:
        shutil.move(kept, path)
    assert rule in plan and (rule == "prepare" or "prepare" not in plan)
    assert planned(finished) == set()


def test_a_moved_checkout_plans_nothing_that_takes_time(finished, tmp_path):
    for name in ("Snakefile", "workflow", "config", "resources", "baselines"):
        source = REPOSITORY / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, tmp_path / name)
    run = call(finished, *arguments(finished), "--snakefile", tmp_path / "Snakefile", "--dry-run", "--", *MADE)
    assert run.returncode == 0, run.stderr[-3000:]
    assert set(re.findall(r"^(?:local)?rule (\w+):$", run.stdout, flags=re.MULTILINE)) <= CHEAP
