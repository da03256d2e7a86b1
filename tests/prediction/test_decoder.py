import anndata as ad
import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse

from expressionvae.catalogue.heads import HEADS
from expressionvae.evaluation.anchored import shifts
from expressionvae.evaluation.baselines import Training
from expressionvae.prediction.decoder import Decoder
from expressionvae.training import stage1
from expressionvae.vae.build import build
from tests.training import shared

QUERY = pd.DataFrame({"cell_type": "T", "perturbation": ["a"] * 6 + ["ctrl"] * 6, "true_library": 30.0})
VALUES = shared.latents(gaussian=False).values[: len(QUERY)]


def a_screen() -> ad.AnnData:
    """The cells that the small trainings share, as the baselines read them."""
    cells = shared.cells()
    counts = np.random.default_rng(0).poisson(2.0, (len(cells), len(cells.genes))).astype(np.int32)
    obs = pd.DataFrame({"cell_type": cells.cell_type, "perturbation": cells.perturbation}).astype("category")
    obs.index = obs.index.astype(str)
    uns = {"screen": {"name": "s", "control": "ctrl", "heldout_cell_types": np.array([], str), "embedding": "learned"}}
    return ad.AnnData(sparse.csr_matrix(counts), obs, pd.DataFrame(index=cells.genes), uns=uns)


def decoder(head: str, predict: str) -> Decoder:
    torch.manual_seed(0)
    model = build(shared.vae(head)).eval()
    training = Training(a_screen(), rescale_to=1e4) if predict.startswith("anchored") else None
    return Decoder(model, shared.latents(gaussian=False), head, predict, 2, 5, training)


@pytest.mark.parametrize("head", HEADS)
def test_cells_of_every_head_can_be_anchored(head):
    cells, again = decoder(head, "anchored").decode(VALUES, QUERY, seed=0)
    own, _ = decoder(head, HEADS[head].rules[0]).decode(VALUES, QUERY, seed=0)
    training = decoder(head, "anchored").controls
    assert training is not None and sparse.issparse(cells)
    move = shifts(own, QUERY, control="ctrl", rescale_to=1e4)["T", "a"]
    controls = {tuple(row) for row in training.X[training.controls("T")].toarray()}
    assert {tuple(row) for row in cells.toarray()[6:]} <= controls
    assert np.abs(move).max() > 0 and not {tuple(row) for row in cells.toarray()[:6]} & controls
    np.testing.assert_array_equal(again(np.arange(12), 0), cells.toarray())


def test_a_rule_of_the_head_decodes_as_it_does_by_itself():
    one = decoder("nb", "sample")
    cells, again = one.decode(VALUES, QUERY, seed=4)
    rule, library = stage1.libraries("sample", one.latents, ["T"] * 12, np.zeros(12), seed=4)
    alone = stage1.decode(one.model, VALUES, library, rule, seed=4, batch_size=5)
    np.testing.assert_array_equal(cells, alone)
    np.testing.assert_array_equal(again(np.arange(12), 4), alone)


def test_anchored_cells_may_be_told_the_true_library():
    cells, _ = decoder("nb", "anchored-true-library").decode(VALUES, QUERY, seed=0)
    assert cells.shape == (12, 20)
