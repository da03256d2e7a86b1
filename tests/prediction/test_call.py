"""`expressionvae.predict` on trained weights, effects, page: what a lab gets."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch

import expressionvae
from expressionvae.data import sealed
from expressionvae.evaluation.baselines import Training, draw_controls
from expressionvae.files import UserError
from expressionvae.nn import store
from expressionvae.prediction import call, effects, identity, page, summary
from expressionvae.prediction import cells as predicted
from expressionvae.prediction.trained import Trained
from expressionvae.priors import build as priors
from expressionvae.proteins.perturbations import Perturbations
from expressionvae.training import stage2
from expressionvae.vae import build as vaes
from tests.prediction.test_decoder import a_screen
from tests.priors.test_build import KINDS, SIZE
from tests.training import shared

ASKED = {"cell_type": "T", "perturbation": "a", "cells": 6}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Folder of a prior, in results as the workflow lays them out."""
    screen = tmp_path_factory.mktemp("results") / "s"
    vae, prior = screen / "fsq/nb/vae-0", screen / "fsq/nb/vae-0/ar-0"
    torch.manual_seed(0)
    store.save(vae / "vae.pt", vaes.build(shared.vae("nb")), shared.vae("nb"), {})
    latents = shared.latents(gaussian=False)
    latents.save(vae / "latents.npz")
    embedding = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32)
    embedding[2] = 0
    plan = stage2.blueprint_for(latents, embedding, {**SIZE, "dropout": 0.0}, KINDS["ar"])
    none = torch.ones(0)
    store.save(prior / "prior.pt", priors.build(plan, torch.from_numpy(embedding), none, none), plan, {})
    Perturbations(latents.perturbations, embedding, []).save(screen / "perturbations.npz")
    sealed.write(screen / "train.h5ad", a_screen())
    return prior


def test_cells_of_a_pair_as_documented(weights):
    cells = expressionvae.predict(str(weights), **ASKED)
    assert cells.shape == (6, 20) and set(cells.obs["perturbation"]) == {"a"}
    assert cells.uns["X"].startswith("counts of real control cells, moved")
    totals = np.expm1(cells.layers["log1p"].toarray()).sum(1)
    np.testing.assert_allclose(totals, 10_000, rtol=1e-4)
    again = expressionvae.predict(weights, **ASKED)
    assert np.array_equal(cells.X.toarray(), again.X.toarray())
    assert not np.array_equal(cells.X.toarray(), expressionvae.predict(weights, **ASKED, seed=1).X.toarray())


def test_several_trainings_predict_side_by_side_with_controls(weights):
    another = shutil.copytree(weights, weights.with_name("ar-1"), dirs_exist_ok=True)
    cells = expressionvae.predict([weights, another], **ASKED, rule="sample", with_controls=True)
    assert cells.n_obs == 24 and cells.uns["X"].startswith("counts (by the rule mean")
    assert cells.obs["perturbation"].value_counts().to_dict() == {"a": 12, "ctrl": 12}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cell_type": "b"}, "predict: cell_type: unknown 'b' (allowed: B, T)"),
        ({"perturbation": "ctrl"}, "predict: perturbation 'ctrl' is the control"),
        ({"perturbation": True}, "predict: perturbation: unknown 'True'"),
        ({"rule": "samples"}, "did you mean 'sample'?"),
        ({"sampling": {"steps": 3}}, "sampling has steps; a prior of kind 'ar' takes nothing"),
        ({"controls": a_screen()[:, :3]}, "gene 'G3' of the model is missing (17 of 20 are)"),
        ({"controls": "no.h5ad"}, "no.h5ad: no such file"),
        ({"cells": 1}, "predict: cells is 1, expected a whole number, 2 or more"),
    ],
)
def test_a_mistake_is_named(weights, change, said):
    with pytest.raises(UserError) as error:
        expressionvae.predict(weights, **(ASKED | change))
    assert said in str(error.value)


def test_folders_that_are_none_or_the_same_are_named(weights, tmp_path):
    (tmp_path / "link").symlink_to(weights)
    for given, said in (
        ([], "no folder of weights"),
        (tmp_path / "nope", "nope' has no prior.pt, expected a folder such as"),
        ([weights, tmp_path / "link"], "is given twice"),
    ):
        with pytest.raises(UserError, match=said):
            expressionvae.predict(given, **ASKED)


@pytest.mark.parametrize(
    ("cells", "seed", "said"),
    [(20.0, 0, "cells is 20.0"), ("20", 0, "cells is '20'"), (True, 0, "cells is True"), (6, 1.5, "seed is 1.5")],
)
def test_numbers_that_are_none_are_named(weights, cells, seed, said):
    with pytest.raises(UserError, match=f"predict: {said}, expected a whole number"):
        call._check([weights], cells, seed)


def test_log_values_are_no_controls(weights):
    screen = a_screen()
    screen.X = screen.X.astype(np.float32).log1p()
    with pytest.raises(UserError, match="expected raw counts"):
        expressionvae.predict(weights, **ASKED, controls=screen)


def test_importing_the_package_loads_nothing():
    code = "import sys, expressionvae; print({'torch', 'numpy', 'anndata', 'pandas'} & {*sys.modules})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def loaded(weights) -> Trained:
    return Trained.load(weights.parent / "vae.pt", weights.parent / "latents.npz", weights / "prior.pt")


def test_weights_of_another_screen_are_refused(weights):
    with pytest.raises(UserError, match="trained on another screen than x: its cells have other library sizes"):
        loaded(weights).require_screen(a_screen(), "x")
    with pytest.raises(UserError, match="on 60 cells, and x has 30"):
        loaded(weights).require_screen(a_screen()[:30], "x")
    with pytest.raises(UserError, match="trained on other genes than the 3 of x"):
        loaded(weights).require_screen(a_screen()[:, :3], "x")


def test_a_perturbation_seen_nowhere_is_predicted_by_its_vector(weights):
    known = Perturbations.load(weights.parents[3] / "perturbations.npz")
    twin = Perturbations(["new"], known.embedding[:1], [])
    one = loaded(weights).knowing("new", twin, known, "p.npz")
    draw = dict(options={}, seed=0, batch_size=4)
    old, new = (
        stage2.sample(one.prior, one.blueprint, {"cell_type": ["T"] * 8, "perturbation": [label] * 8}, **draw)
        for label in ("a", "new")
    )
    np.testing.assert_array_equal(old, new)  # the same vector is the same condition
    other = Perturbations(known.labels, known.embedding + 1, [])
    with pytest.raises(UserError, match="'new': it was trained on other vectors"):
        loaded(weights).knowing("new", twin, other, "p.npz")


def test_effects_and_page_of_a_pair(weights, tmp_path):
    asked, one = predicted.Asked("T", "a", 6, "ctrl"), loaded(weights)
    way = predicted.Way("sample", 2, {}, 8, None)
    parts = [predicted.Part("v", seed, predicted.predict(one, asked, way, seed=seed)) for seed in (0, 1, 2)]
    provenance = {"config_hash": "c", "commit": "d", "versions": {"expressionvae": "1"}}
    made = predicted.assembled(parts, asked, one.genes, scale="s", rescale_to=1e4, about={"provenance": provenance})
    training = Training(a_screen(), rescale_to=1e4)
    real = training.log_normal(training.controls("T"))
    rows = effects.effects(made, real, epsilon=0.5, threads=1)
    effects.save(rows, tmp_path / "genes.csv")
    again = effects.read(tmp_path / "genes.csv")
    assert again["gene"].tolist() == made.var_names.tolist() and set(again["replicates"]) == {3}
    inside = again["log2_fold_change"].between(again["low"] - 1e-9, again["high"] + 1e-9)
    assert inside.all() and (again["low"] < again["high"]).any()
    predicted.write(tmp_path / "p.h5ad", made)
    cells = {"fsq/ar/nb": predicted.read(tmp_path / "p.h5ad"), "perturb-mean": made}
    row = {"cell_type": "T", "perturbation": "a", "cells": 6, "controls": 10, "contexts": 1, "measured": 0}
    row |= {"seen": 5, "perturb_mean": "elsewhere"}
    shares = {"fsq/ar/nb": dict.fromkeys(identity.KINDS, 0.25), "perturb-mean": {"perturbed": 1.0, "controls": 1.0}}
    how = {"note": "a <i>note</i>", "shares": shares, "real": 0.9}
    content = summary.of(row, training, cells, dict.fromkeys(cells, again), **how)
    text = page.render(content)
    assert text.index("fsq ar nb loses the cell type") < text.index("cells asked for") < text.index("Which to trust")
    assert "cells called T: PerturbMean 100%, fsq ar nb 25% (real controls 90%)" in text
    found = summary.rows(content, "f").set_index("predictor")
    assert found["loses_cell_type"].to_dict() == {"fsq/ar/nb": True, "perturb-mean": False}
    assert found["identity"].to_dict() == {"fsq/ar/nb": 0.25, "perturb-mean": 1.0}
    summary.save(summary.rows(content, "f"), tmp_path / "summary.csv")
    assert len(summary.together([tmp_path / "summary.csv"] * 2)) == 4
    assert "Trust PerturbMean" in text and "Only 10 control cells" in text and text.count("data:image/png") == 2
    assert "http://" not in text and "https://" not in text and "<script" not in text


def test_predicted_cells_of_a_pair_start_from_controls_in_their_batches_shares():
    screen = a_screen()
    calm = np.flatnonzero((screen.obs["cell_type"] == "T") & (screen.obs["perturbation"] == "ctrl"))
    screen.obs["batch"] = "d1"
    screen.obs.iloc[calm[:3], -1] = "d2"
    training = Training(screen, rescale_to=1e4)
    asked = predicted.Asked.of({"cell_type": "T", "perturbation": "a", "cells": 20}, training)
    share = round(20 * 3 / len(calm))
    assert asked.query.groupby(["perturbation", "batch"]).size().to_dict() == {
        (label, batch): size for label in ("a", "ctrl") for batch, size in (("d1", 20 - share), ("d2", share))
    }
    drawn = draw_controls(training, asked.query, np.random.default_rng(0))
    assert screen.obs["batch"].iloc[drawn].tolist() == asked.query["batch"].tolist()
    made = predicted.assembled([predicted.Part("v", 0, training.X[drawn])], asked, screen.var_names.tolist(), scale="s",
                               rescale_to=1e4, about={})  # fmt: skip
    assert "batch" not in made.obs


def test_a_batch_column_of_controls_that_are_given_means_nothing(weights):
    screen = a_screen()
    screen.obs["batch"] = [None] * screen.n_obs
    again = expressionvae.predict(weights, **ASKED, controls=screen)
    assert np.array_equal(again.X.toarray(), expressionvae.predict(weights, **ASKED, controls=a_screen()).X.toarray())
