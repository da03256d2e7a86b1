from dataclasses import replace

import anndata as ad
import numpy as np
import pytest
import yaml

from expressionvae.data import madeup, madeup_names, reversion_screen
from expressionvae.data.madeup_reversion import Recipe, simulate, structure
from expressionvae.data.reversion_slice import Wanted, slice_screen
from expressionvae.files import UserError
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def recipes() -> tuple[Recipe, madeup.Recipe]:
    """Those of the demo."""
    config = yaml.safe_load((REPOSITORY / "config" / "demo.yaml").read_text())
    screen = config["reversion"]["screens"]["made-up-reversion"]["simulation"]
    return Recipe(**screen), madeup.Recipe(**config["datasets"]["made-up"]["simulation"])


@pytest.fixture(scope="module")
def written(recipes, tmp_path_factory):
    path = tmp_path_factory.mktemp("screen") / "reversion.h5ad"
    simulate(path, recipe=recipes[0], training=recipes[1])
    return path


def test_the_screen_is_read_by_its_own_labels(written, recipes, tmp_path):
    entry, genes = {"kind": "made-up", "min_cells": 10}, madeup_names.gene_names(recipes[1].genes)
    slice_screen(written, tmp_path / "s.h5ad", genes, Wanted.of(written, entry), symbol_map={})
    screen = reversion_screen.read(tmp_path / "s.h5ad")
    assert len(screen) == recipes[0].cells and len(screen.positives) == recipes[0].positives
    assert len(set(screen.target)) == recipes[0].targets + 1


def test_some_genes_of_the_panel_are_absent(written, recipes):
    genes = set(ad.read_h5ad(written).var_names)
    assert len(genes) == recipes[1].genes - recipes[0].absent
    assert genes < set(madeup_names.gene_names(recipes[1].genes))


def test_the_loss_of_a_positive_undoes_part_of_the_stimulus_and_no_other_target_does(recipes):
    recipe, training = (replace(recipes[0], own_scale=0.0), replace(recipes[1], knockdown=0.0))
    truth = structure(recipe, training)
    stimulus = np.log(truth.baseline[1] / truth.baseline[0])
    moved = stimulus != 0
    undone = -truth.effects[1][:, moved] / stimulus[moved]
    assert moved.any() and (undone[recipe.positives :] == 0).all()
    low, high = recipe.reverted
    assert (undone[: recipe.positives] >= low - 1e-9).all() and (undone[: recipe.positives] <= high + 1e-9).all()


def test_nothing_is_undone_in_untreated_cells(recipes):
    recipe, training = (replace(recipes[0], own_scale=0.0), replace(recipes[1], knockdown=0.0))
    assert (structure(recipe, training).effects[0] == 0).all()


def test_own_effects_and_the_stimulus_act_on_different_genes(recipes):
    recipe, training = replace(recipes[0], reverted=(0.0, 0.0)), replace(recipes[1], knockdown=0.0)
    truth = structure(recipe, training)
    own = (truth.effects != 0).any(axis=(0, 1))
    assert own.any() and not (own & (truth.baseline[0] != truth.baseline[1])).any()


def test_cells_rest_as_a_cell_type_of_the_training_screen_does(recipes):
    recipe, training = recipes
    np.testing.assert_array_equal(structure(recipe, training).baseline[0], madeup.structure(training, None).baseline[0])


def test_the_same_seed_draws_the_same_cells(written, recipes, tmp_path):
    simulate(tmp_path / "again.h5ad", recipe=recipes[0], training=recipes[1])
    assert (ad.read_h5ad(written).X != ad.read_h5ad(tmp_path / "again.h5ad").X).nnz == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cell_type": "Q"}, "simulation.cell_type is 'Q'"),
        ({"targets": 1000}, "simulation.targets is 1000, more than the genes"),
        ({"positives": 19}, "simulation.positives is 19 of 20 targets"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(recipes, tmp_path, change, message):
    with pytest.raises(UserError, match=message):
        simulate(tmp_path / "x.h5ad", recipe=replace(recipes[0], **change), training=recipes[1])
    assert not list(tmp_path.iterdir())
