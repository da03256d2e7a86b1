import numpy as np
from scipy import sparse
from sklearn.decomposition import PCA

from expressionvae.data.compact import Compact
from expressionvae.data.reversion_screen import Block
from expressionvae.metrics.reversion_references import log_normalised, references

GENERATOR = np.random.default_rng(0)
TRAINING = sparse.csr_matrix(GENERATOR.poisson(2.0, (50, 8)).astype(np.float32))
FACTORS = (np.asarray(TRAINING.sum(axis=1), dtype=np.float32).ravel() + 5) / 20
CELLS = GENERATOR.poisson(2.0, (20, 8)).astype(np.float32)
BLOCKS = [
    Block(sparse.csr_matrix(CELLS[part]), (CELLS[part].sum(1) + 3) / 40) for part in (slice(0, 12), slice(12, 20))
]


def test_log_values_are_of_counts_over_size_factors():
    values = log_normalised(sparse.csr_matrix(CELLS), (CELLS.sum(1) + 3) / 40)
    np.testing.assert_allclose(values.toarray(), np.log1p(CELLS * 40 / (CELLS.sum(1) + 3)[:, None]), rtol=1e-5)


def test_components_are_those_of_the_training_cells():
    made = references(Compact.of(TRAINING), FACTORS, BLOCKS, components=3)
    fitted = PCA(3, svd_solver="full").fit(log_normalised(TRAINING, FACTORS).toarray())
    expected = fitted.transform(made["hvg"].toarray())
    assert made["hvg"].shape == (20, 8) and made["pca"].shape == (20, 3)
    np.testing.assert_allclose(np.abs(made["pca"]), np.abs(expected), atol=1e-4)


def test_a_small_screen_has_no_more_components_than_genes():
    assert references(Compact.of(TRAINING), FACTORS, BLOCKS, components=99)["pca"].shape[1] == 8


def test_depth_is_the_rescaled_sum_alone():
    depth = references(Compact.of(TRAINING), FACTORS, BLOCKS, components=2)["depth"]
    rescaled = CELLS.sum(1) * 40 / (CELLS.sum(1) + 3)  # the screen's own median, not that of training
    np.testing.assert_allclose(depth, np.stack([np.ones(20), np.log1p(rescaled)], axis=1), rtol=1e-4)
