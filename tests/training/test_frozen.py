from dataclasses import replace

import numpy as np
import pytest
import torch
import yaml
from scipy import sparse
from snakemake.utils import update_config

from expressionvae.data import madeup, madeup_names, madeup_reversion, reversion_screen
from expressionvae.data.cells import Cells
from expressionvae.data.compact import Compact
from expressionvae.data.reversion_slice import Wanted, slice_screen
from expressionvae.data.validation import Validation
from expressionvae.metrics.reversion import score
from expressionvae.metrics.reversion_references import references
from expressionvae.training import stage1
from expressionvae.training.frozen import embed, untrained
from expressionvae.training.schedule import Schedule
from expressionvae.vae.build import Blueprint
from tests.conftest import REPOSITORY
from tests.vae.conftest import FSQ, GAUSSIAN, blueprint, of_each_head  # noqa: F401

GENERATOR = np.random.default_rng(0)
COUNTS = GENERATOR.poisson(1.5, (30, 20)).astype(np.float32)


def blocks():
    for start in range(0, 30, 11):
        part = COUNTS[start : start + 11]
        yield reversion_screen.Block(sparse.csr_matrix(part), part.sum(1) + 10)


@pytest.mark.parametrize("bottleneck", [FSQ, GAUSSIAN])
def test_the_unbounded_projection_is_what_comes_out(of_each_head, bottleneck):  # noqa: F811
    model = untrained(replace(of_each_head, bottleneck=bottleneck), seed=0)
    (made,) = embed([model], blocks(), cells=30, batch_size=4)
    counts = torch.from_numpy(COUNTS).to(next(model.parameters()).device)
    states = model.states(counts, counts.sum(1) + 10)
    expected = model.bottleneck.project_in(states).flatten(1)
    width = bottleneck.get("channels") or len(bottleneck["levels"])
    assert made.shape == (30, 4 * width)
    np.testing.assert_allclose(made, expected.cpu().numpy(), atol=1e-4)


def test_an_fsq_embedding_is_not_rounded(blueprint):  # noqa: F811
    (made,) = embed([untrained(blueprint, seed=0)], blocks(), cells=30, batch_size=8)
    assert len(np.unique(made)) > 100  # codes would have 8 values


@pytest.mark.parametrize("bottleneck", [FSQ, GAUSSIAN])
def test_an_embedding_has_no_bounds(blueprint, bottleneck):  # noqa: F811
    """tanh, and the bounds of the posterior's mean, would end it at 1 and at 4."""
    model = untrained(replace(blueprint, bottleneck=bottleneck), seed=0)
    model.bottleneck.project_in.weight.mul_(100)
    (made,) = embed([model], blocks(), cells=30, batch_size=8)
    assert np.abs(made).max() > 20


def test_a_twin_is_the_seed_s_own(blueprint):  # noqa: F811
    models = [untrained(blueprint, seed=seed) for seed in (0, 0, 1)]
    first, same, other = embed(models, blocks(), cells=30, batch_size=8)
    assert np.array_equal(first, same) and not np.allclose(first, other)
    assert not models[0].training


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """The demo's training cells and reversion screen."""
    folder = tmp_path_factory.mktemp("planted")
    config: dict = {}
    for name in ("config", "demo"):
        update_config(config, yaml.safe_load((REPOSITORY / "config" / f"{name}.yaml").read_text()))
    recipe = madeup.Recipe(**config["datasets"]["made-up"]["simulation"])
    truth = madeup.structure(recipe, None)
    cell_type, perturbation = madeup.assign(recipe)
    parts = [slice(i, i + madeup.BLOCK) for i in range(0, recipe.cells, madeup.BLOCK)]
    drawn = [madeup.draw(recipe, truth, i, cell_type[p], perturbation[p]) for i, p in enumerate(parts)]
    counts = sparse.csr_matrix(sparse.vstack(drawn))
    library = np.asarray(counts.sum(axis=1), dtype=np.float32).ravel()
    genes = madeup_names.gene_names(recipe.genes)
    cells = Cells(Compact.of(counts), library / np.median(library), [""] * recipe.cells, [""] * recipe.cells, genes, "")
    simulation = config["reversion"]["screens"]["made-up-reversion"]["simulation"]
    madeup_reversion.simulate(folder / "r.h5ad", recipe=madeup_reversion.Recipe(**simulation), training=recipe)
    wanted = Wanted.of(folder / "r.h5ad", {"kind": "made-up", "min_cells": 10})
    slice_screen(folder / "r.h5ad", folder / "sliced.h5ad", genes, wanted, symbol_map={})
    return config, cells, reversion_screen.read(folder / "sliced.h5ad"), folder


OPTIONS = {"shuffles": 10, "bootstrap": 500, "seed": 0}


def auc(rows, screen):
    return score("x", rows, screen, **OPTIONS)[0].set_index("metric").loc["enrichment_auc"]


def of_random_positives(rows, screen) -> float:
    """Mean AUC when the positives are any five of the targets that revert nothing."""
    names = sorted(set(screen.target) - {screen.control, *screen.positives})
    generator = np.random.default_rng(5)
    draws = [list(generator.choice(names, 5, replace=False)) for _ in range(40)]
    known = ~np.isin(screen.target, screen.positives)  # the planted pathway left out: it would stand before them
    fields = {**vars(screen), "target": screen.target[known], "treated": screen.treated[known]}
    screens = [reversion_screen.ReversionScreen(**{**fields, "positives": draw}) for draw in draws]
    return float(np.mean([auc(rows[known], screen)["value"] for screen in screens]))


@pytest.mark.slow
def test_principal_components_find_the_planted_pathway(planted):
    config, cells, screen, _ = planted
    rows = references(cells.counts, cells.size_factor, reversion_screen.blocks(screen, cells.genes), components=20)
    for name in ("pca", "hvg"):
        found = auc(rows[name], screen)
        assert found["value"] > 0.85 and found["low"] > 0.6 and found["p_value"] < 0.01, name
    assert 0.4 < of_random_positives(rows["pca"], screen) < 0.6


@pytest.mark.slow
def test_a_trained_encoder_finds_the_planted_pathway(planted):
    config, cells, screen, folder = planted
    made = config["bottlenecks"]["fsq"]  # at the demo's size the Gaussian ones, hardly trained, do not find it
    bins = {"lower": [0, 1, 2, 4, 8, 16], "means": [0.0, 1.0, 2.4, 5.2, 10.5, 24.0]}
    schedule, apart = Schedule(**config["vae"]["training"]), Validation(0.05, 0.01, 0)
    size, head = config["vae"]["model"], config["heads"]["nb"]
    of_nb = Blueprint(cells.genes, bins, size, made, "nb", head)
    model, _ = stage1.train(cells, of_nb, schedule, validation=apart, seed=0, version=1, checkpoints=folder)
    blocks = reversion_screen.blocks(screen, cells.genes)
    (rows,) = embed([model.eval()], blocks, cells=len(screen), batch_size=256)
    found = auc(rows, screen)
    assert found["value"] > 0.75 and found["low"] > 0.5 and found["p_value"] < 0.05
    assert 0.35 < of_random_positives(rows, screen) < 0.65
    assert score("x", rows, screen, **OPTIONS)[0]["value"][0] > 1.5  # targets are told apart
