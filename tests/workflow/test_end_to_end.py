"""The whole chain, small: from a screen to Table 1 and Figure 2."""

import re

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from expressionvae.metrics.scores import EFFECTS
from tests.workflow.conftest import call, tiny

pytestmark = pytest.mark.slow
RUN = "results/made-up/fsq/nb/vae-0/ar-0"
RULES = ("sample-true-library-0", "mean-true-library-0")  # of nb-sample and nb-deter, told the true library


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder in which the tiny grid has run on the made-up screen."""
    folder = tmp_path_factory.mktemp("made-up")
    run = call(folder, *tiny("demo.yaml"), "--", "all")
    assert run.returncode == 0, run.stderr[-3000:]
    return folder


def test_table_and_figure_are_there_and_said_so(finished):
    for name in (
        "table1.csv",
        "table1.md",
        "table1.tex",
        "figure2.pdf",
        "figure2.png",
        "figure3.pdf",
        "figure3.png",
        "figure3.md",
    ):
        assert (finished / "results" / "paper" / name).stat().st_size > 500


def test_the_second_call_has_nothing_to_do(finished):
    assert "Nothing to be done" in planned(finished)


def test_the_scores_of_a_run_are_those_that_are_promised(finished):
    effects = pd.read_csv(finished / RUN / "sample-0" / "effects.csv")
    assert list(effects[["metric", "variant"]].itertuples(index=False, name=None)) == EFFECTS
    paper, plain = (effects[effects["variant"] == name].set_index("metric")["value"] for name in ("paper", "epsilon-0"))
    pd.testing.assert_series_equal(paper[plain.index], plain)  # a made-up screen has no epsilon of its own


def planned(folder, *more) -> str:
    return call(folder, *tiny("demo.yaml"), *more, "--dry-run", "--", "all").stdout


def jobs(plan: str) -> set[str]:
    return set(re.findall(r"^(\w+) +\d+$", plan, re.M))


def change_library(folder, monkeypatch, *lines: str) -> None:
    """Let every Python that is started from here on change the library so before it is used."""
    (folder / "sitecustomize.py").write_text("\n".join(["from dataclasses import replace", *lines, ""]))
    monkeypatch.setenv("PYTHONPATH", str(folder))


def test_another_epsilon_scores_again_and_prepares_nothing(finished, tmp_path):
    other = tmp_path / "epsilon.yaml"
    other.write_text("datasets: {made-up: {fold_change_epsilon: 0.5}}\n")
    plan = planned(finished, other)
    assert {"truth_de", "score", "true_vs_true"} <= jobs(plan), plan[-3000:]
    assert not jobs(plan) & {"simulate", "prepare", "truth", "train_vae", "train_prior", "sample", "decode"}


def test_a_new_metric_scores_again_and_predicts_nothing(finished, tmp_path, monkeypatch):
    added = "METRICS['energy'] = replace(METRICS['fd'], name='energy')"
    change_library(tmp_path, monkeypatch, "from expressionvae.catalogue.metrics import METRICS", added)
    plan = planned(finished)
    assert {"score", "true_vs_true", "score_table"} <= jobs(plan), plan[-3000:]
    assert not jobs(plan) & {"prepare", "truth", "train_vae", "train_prior", "sample", "decode"}


def test_claims_of_other_code_are_judged_again_and_nothing_is_scored(finished, tmp_path, monkeypatch):
    other = "provenance.source = lambda *packages: 'other'"
    change_library(tmp_path, monkeypatch, "from expressionvae import provenance", other)
    plan = planned(finished)
    assert "claims" in jobs(plan) and not jobs(plan) & {"score", "score_table", "figure2", "train_vae"}, plan[-3000:]


@pytest.mark.parametrize(
    ("cards", "name", "rules"),
    [("heads", "nb", {"train_vae", "train_prior"}), ("priors", "ar", {"train_prior"})],
)
def test_a_card_whose_version_is_raised_trains_its_own_again(finished, tmp_path, monkeypatch, cards, name, rules):
    module = f"from expressionvae.catalogue.{cards} import {cards.upper()} as cards"
    change_library(tmp_path, monkeypatch, module, f"cards[{name!r}] = replace(cards[{name!r}], version=2)")
    plan = planned(finished)
    assert jobs(plan) & {"train_vae", "train_prior"} == rules
    others = {"heads": "/mse/", "priors": "/flow-"}[cards]
    made = re.findall(r"^    output: (\S*(?:vae|prior)\.pt)", plan, re.M)
    assert made and not [path for path in made if others in path], made


def test_no_held_out_combination_is_among_the_training_cells(finished):
    train, heldout = (ad.read_h5ad(finished / f"results/made-up/{part}.h5ad") for part in ("train", "heldout"))
    combinations = [set(zip(part.obs["cell_type"], part.obs["perturbation"], strict=True)) for part in (train, heldout)]
    assert combinations[1] and not combinations[0] & combinations[1]
    assert not set(train.obs_names) & set(heldout.obs_names)


def test_the_latents_that_stage_2_learns_from_are_those_of_training_cells_only(finished):
    train = ad.read_h5ad(finished / "results/made-up/train.h5ad")
    with np.load(finished / "results/made-up/fsq/nb/vae-0/latents.npz") as latents:
        labels = latents["perturbations"][latents["perturbation"]]
        assert labels.tolist() == train.obs["perturbation"].tolist()


def test_predicted_cells_answer_the_query_and_tell_where_they_come_from(finished):
    cells = ad.read_h5ad(finished / RUN / "sample-0" / "cells.h5ad")
    query = pd.read_csv(finished / "results/made-up/query.csv")
    assert cells.obs_names.tolist() == query["cell"].tolist()
    assert cells.obs["perturbation"].tolist() == query["perturbation"].tolist()
    assert "non-targeting" in set(cells.obs["perturbation"])  # predicted controls
    assert cells.var_names.tolist()[0] == "GENE0001" and cells.uns["space"] == "linear"
    assert {"config_hash", "commit", "seeds", "versions", "arithmetic"} <= set(cells.uns["provenance"])


def test_both_rules_of_the_nb_head_come_from_the_same_samples(finished):
    sampled, mean = (ad.read_h5ad(finished / RUN / rule / "cells.h5ad").X.toarray() for rule in RULES)
    assert (sampled == sampled.round()).all() and not (mean == mean.round()).all()
    np.testing.assert_allclose(sampled.mean(), mean.mean(), rtol=0.05)


def test_the_same_seed_makes_the_same_cells(finished):
    path = finished / RUN / "sample-0" / "cells.h5ad"
    before = ad.read_h5ad(path).X.toarray()
    wanted = f"{RUN}/sample-0/cells.h5ad"
    more = ["--set-threads", "sample=2", "decode=2"]  # cores, which a profile may give: the arithmetic is the config's
    run = call(finished, *tiny("demo.yaml"), *more, "--forcerun", "sample", "decode", "--", wanted)
    assert run.returncode == 0, run.stderr[-3000:]
    again = ad.read_h5ad(path)
    assert np.array_equal(again.X.toarray(), before)
    told = again.uns["provenance"]["arithmetic"]
    assert (told["threads"], told["MKL_CBWR"], told["OPENBLAS_NUM_THREADS"]) == (1, "AUTO,STRICT", "1")


def test_frozen_encoders_are_scored_on_a_screen_that_no_training_has_seen(finished):
    scores = pd.read_csv(finished / "results/paper/figure3.csv")
    assert set(scores["embedding"]) == {"trained", "untrained", "pca", "hvg", "depth"}
    references = scores[scores["embedding"] == "pca"].set_index("metric")
    assert references.loc["enrichment_auc", "low"] > 0.5  # the planted pathway comes out


def test_encoders_trained_on_one_real_screen_embed_another(shared, tmp_path):
    only = ["--config", f"data_dir={shared / 'data'}"]
    run = call(tmp_path, *tiny("small.yaml", "screens/datlinger.yaml"), *only, "--", "results/paper/figure3.csv")
    assert run.returncode == 0, run.stderr[-3000:]
    scores = pd.read_csv(tmp_path / "results/paper/figure3.csv")
    assert scores["value"].notna().all() and set(scores["positives"].dropna()) == {3}
    log = (tmp_path / "logs/slice_reversion/kang-panel/datlinger.log").read_text()
    assert "of 1000 panel genes absent, set to 0" in log


@pytest.mark.parametrize("screen", ["kang-cd4t", "perturbench", "papalexi"])
def test_a_real_screen_runs_to_table_1(screen, shared, tmp_path):
    only = ["--config", f"data_dir={shared / 'data'}", f"screens=[{screen}]"]
    run = call(
        tmp_path, *tiny("small.yaml", f"screens/{screen.split('-')[0]}.yaml"), *only, "--", "results/paper/table1.csv"
    )
    assert run.returncode == 0, run.stderr[-3000:]
    table = pd.read_csv(tmp_path / "results/paper/table1.csv")
    assert len(table) == 4 and table["fd"].notna().all()
