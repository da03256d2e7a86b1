"""The two baselines of our own say with files what the library says."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from expressionvae.evaluation.baselines import Training, moved
from tests.baselines import toy


def test_control_gives_back_the_cells_of_the_query(trained):
    scripts = trained("control")
    cells, query = scripts.cells(), ad.read_h5ad(scripts.folder / "query.h5ad")
    assert (cells.X != query.X).nnz == 0 and cells.X.nnz > 0


@pytest.mark.parametrize("batches", [False, True])
def test_perturb_mean_s_folder_moves_cells_as_the_library_does_to_the_last_bit(trained, batches):
    scripts = trained("perturb-mean")
    train, query = (ad.read_h5ad(scripts.folder / f"{part}.h5ad") for part in ("train", "query"))
    model, effects = "model", Training(as_prepared(train), rescale_to=1e4)
    if batches:
        odd = np.random.default_rng(0).random(train.n_obs) < np.where(train.obs["is_control"], 0.2, 0.7)
        train.obs["batch"] = np.where(odd, "d2", "d1")
        model, pooled, effects = "batched", effects, Training(as_prepared(train), rescale_to=1e4)
        assert not np.allclose(effects.effect("alpha", "up"), pooled.effect("alpha", "up"))
        train.write_h5ad(scripts.folder / "batches.h5ad")
        toy.finished(scripts.start("train", model, 0, {}, "--train", str(scripts.folder / "batches.h5ad")))
    assert isinstance(query.X, sparse.csr_matrix) and isinstance(query.obs, pd.DataFrame)
    expected = moved(query.X, query.obs, effects, rescale_to=1e4)
    cells = scripts.predict(f"{model}.cells.h5ad", model=model)
    assert np.array_equal(cells.X.toarray(), expected.toarray())


def as_prepared(train: ad.AnnData) -> ad.AnnData:
    """The contract's training cells, with the control's name where the library has it."""
    train = train.copy()
    train.uns["screen"] = {"control": train.uns["control"]}
    return train


def test_what_perturb_mean_cannot_average_is_one_line(trained):
    scripts = trained("perturb-mean")
    train = toy.train_cells(10)
    train[train.obs["is_control"]].copy().write_h5ad(scripts.folder / "calm.h5ad")
    toy.finished(scripts.start("train", "calm", 0, {}, "--train", str(scripts.folder / "calm.h5ad")))
    inputs = "--model", str(scripts.folder / "calm"), "--query", str(scripts.folder / "query.h5ad")
    process = scripts.start("predict", "refused.h5ad", 0, {}, *inputs)
    said = process.communicate()[1]
    assert process.returncode == 1 and said.count("\n") == 1
    assert "'up' is in no cell type but 'gamma'" in said and not (scripts.folder / "refused.h5ad").exists()
