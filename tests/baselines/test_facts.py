"""What holds of every baseline that trains and predicts, on a made-up screen with one strong effect."""

import shutil
import signal
import subprocess

import anndata as ad
import numpy as np
import pytest
from scipy import sparse

from expressionvae.catalogue.baselines import SEEDLESS
from tests.baselines import toy

# Those that draw cells; what the others predict of a control cell is one and the same.
DRAWING = [name for name in toy.TOY if "emits" in toy.published(name)]


def _each(names):
    slow = {name: [pytest.mark.foreign, pytest.mark.slow] if toy.about(name)["environment"] else [] for name in names}
    return pytest.mark.parametrize("name", [pytest.param(name, marks=slow[name]) for name in names])


def log_normal(cells: ad.AnnData) -> np.ndarray:
    """Log-normal values [cell, gene], whatever space the cells are in."""
    values = cells.X.toarray() if sparse.issparse(cells.X) else np.asarray(cells.X)
    linear = np.expm1(values) if cells.uns["space"] == "log1p" else values
    return np.log1p(1e4 * linear / linear.sum(axis=1, keepdims=True))


def predicted_shift(cells: ad.AnnData) -> np.ndarray:
    """Mean of the predicted held-out cells minus mean of the predicted controls [gene]."""
    heldout = (cells.obs["perturbation"] == toy.HELD_OUT[1]).to_numpy()
    log = log_normal(cells)
    return log[heldout].mean(axis=0) - log[~heldout].mean(axis=0)


@_each(toy.TOY)
def test_predicted_cells_have_the_genes_labels_order_and_space_of_the_contract(trained, name):
    scripts = trained(name)
    cells, query = scripts.cells(), ad.read_h5ad(scripts.folder / "query.h5ad")
    assert list(cells.var_names) == toy.GENES
    for column in ("perturbation", "cell_type"):
        assert (cells.obs[column].astype(str).to_numpy() == query.obs[column].astype(str).to_numpy()).all()
    assert cells.uns["space"] == toy.about(name)["predicts"]
    assert ("target_sum" in cells.uns) == (cells.uns["space"] != "counts")
    values = cells.X.data if sparse.issparse(cells.X) else cells.X
    assert np.isfinite(values).all() and values.min() >= 0


@_each([name for name in toy.TOY if name != "control"])
def test_the_effect_of_a_held_out_combination_has_the_right_sign_in_every_gene_it_moves(trained, name):
    seen = ad.read_h5ad(trained(name).folder / "train.h5ad").obs[["cell_type", "perturbation"]]
    assert toy.HELD_OUT not in set(seen.itertuples(index=False, name=None))
    shift = predicted_shift(trained(name).cells())
    assert (shift[toy.RAISED] > 0.2).all() and (shift[toy.LOWERED] < -0.2).all()
    true = np.log(toy.profile(*toy.HELD_OUT) / toy.profile(toy.HELD_OUT[0], "ctrl"))
    assert np.corrcoef(shift, true)[0, 1] > 0.8


@_each(DRAWING)
def test_one_seed_draws_the_same_cells_twice_and_another_seed_draws_others(trained, name):
    scripts = trained(name)
    one, other = (scripts.cells(seed, emits="sample").X for seed in (3, 4))
    again = scripts.predict(seed=3, emits="sample").X
    assert (one == again).all()
    assert (one != other).mean() > 0.1


@_each(DRAWING)
def test_samples_vary_between_cells_more_than_means_do(trained, name):
    mean, sample = (trained(name).cells(seed, emits=emits) for seed, emits in ((0, "mean"), (3, "sample")))
    mean, sample = (log_normal(cells).std(axis=0).mean() for cells in (mean, sample))
    assert sample > 2 * mean


@pytest.mark.foreign
@pytest.mark.slow
def test_sampled_counts_are_whole(trained):
    cells = trained("scvi").cells(3, emits="sample").X
    assert (cells == np.floor(cells)).all() and (cells == 0).any()


@_each([name for name in toy.TOY if toy.about(name)["environment"]])
def test_a_killed_training_leaves_no_model_and_the_same_command_gives_that_of_an_undisturbed_one(trained, name):
    scripts = trained(name)
    process = scripts.start("train", "killed", 0, {}, "--train", str(scripts.folder / "train.h5ad"))
    assert process.stderr is not None
    assert name in process.stderr.readline()  # it has taken its first step
    process.kill()
    process.communicate()
    assert not (scripts.folder / "killed").exists()
    scripts.train("killed")
    left = {path.name for path in scripts.folder.iterdir() if path.name.startswith(".")}
    assert not left
    assert (scripts.predict("killed.h5ad", model="killed").X == scripts.cells().X).all()


# A linear model is fitted faster than it can be killed from outside: its script kills itself where it calls a function.
KILL = """
import importlib, os, runpy, signal, sys
module, function, script = sys.argv[1:4]
del sys.argv[:3]
sys.path[:0] = [os.path.dirname(script), os.path.join(os.path.dirname(script), "..", "common")]
setattr(importlib.import_module(module), function, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
runpy.run_path(script, run_name="__main__")
"""
MOMENTS = {
    "before the fit": ("model", "fit"),
    "with the folder begun and no weights in it": ("numpy", "savez_compressed"),
    "with all written under another name": ("os", "replace"),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_linear_model_killed_at_any_moment_is_not_there_and_the_same_command_fits_the_same(trained, moment):
    scripts = trained("linear")
    arguments = scripts.command("train", "killed", 0, {}, "--train", str(scripts.folder / "train.h5ad"))
    killed = subprocess.run([arguments[0], "-c", KILL, *MOMENTS[moment], *arguments[1:]], capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (scripts.folder / "killed").exists()
    folder = scripts.train("killed")
    assert not [path.name for path in scripts.folder.iterdir() if path.name.startswith(".")]
    with np.load(folder / "model.npz") as again, np.load(scripts.folder / "model" / "model.npz") as undisturbed:
        assert all(np.array_equal(again[name], undisturbed[name]) for name in undisturbed)
    shutil.rmtree(folder)


def test_a_killed_prediction_leaves_no_cells_and_the_next_one_removes_what_it_had_written(trained):
    scripts = trained("linear")
    inputs = "--model", str(scripts.folder / "model"), "--query", str(scripts.folder / "query.h5ad")
    arguments = scripts.command("predict", "killed.h5ad", 0, {}, *inputs)
    killed = subprocess.run([arguments[0], "-c", KILL, "os", "replace", *arguments[1:]], capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (scripts.folder / "killed.h5ad").exists()
    left = {path for path in scripts.folder.iterdir() if path.name.startswith(".")}
    assert len(left) == 1 and all(".writing-" in path.name for path in left)
    assert (scripts.predict("killed.h5ad").X != scripts.cells().X).nnz == 0
    assert not [path.name for path in scripts.folder.iterdir() if path.name.startswith(".")]


@_each([name for name in toy.TOY if name not in SEEDLESS])
def test_a_perturbation_that_is_in_no_training_cell_is_refused_in_one_line(trained, name):
    scripts = trained(name)
    query = toy.query_cells(4)
    query.obs["perturbation"] = "unheard-of"
    query.write_h5ad(scripts.folder / "unheard.h5ad")
    inputs = "--model", str(scripts.folder / "model"), "--query", str(scripts.folder / "unheard.h5ad")
    process = scripts.start("predict", "refused.h5ad", 0, {}, *inputs)
    said = process.communicate()[1]
    assert process.returncode == 1
    assert said.count("\n") == 1 and "unheard-of" in said
    assert not (scripts.folder / "refused.h5ad").exists()


def test_the_linear_model_predicts_a_perturbation_that_it_never_saw_from_its_vector(trained):
    scripts = trained("linear")
    with np.load(scripts.folder / "perturbations.npz") as stored:
        labels, vectors = stored["labels"], stored["vectors"]
    twin = np.vstack([vectors, vectors[list(labels).index("up")]])
    np.savez(scripts.folder / "perturbations.npz", labels=np.append(labels, "twin"), vectors=twin)
    query = toy.query_cells()
    query.obs["perturbation"] = query.obs["perturbation"].cat.rename_categories({"up": "twin"})
    query.write_h5ad(scripts.folder / "twin.h5ad")
    scripts.train("twin-model")
    inputs = "--model", str(scripts.folder / "twin-model"), "--query", str(scripts.folder / "twin.h5ad")
    toy.finished(scripts.start("predict", "twin-cells.h5ad", 0, {}, *inputs))
    twins = log_normal(ad.read_h5ad(scripts.folder / "twin-cells.h5ad"))
    np.testing.assert_allclose(twins, log_normal(scripts.cells()), atol=1e-4)
