import numpy as np

from expressionvae.evaluation.comparison import comparison_space


def test_log_values_come_back_from_the_linear_scale():
    counts = np.random.default_rng(0).poisson(2.0, (5, 7)).astype(np.float64)
    log = comparison_space(counts, rescale_to=1e4)
    again = comparison_space(np.expm1(log.toarray()), rescale_to=1e4)
    np.testing.assert_allclose(again.toarray(), log.toarray(), rtol=1e-5)


def test_stored_zeros_are_dropped():
    assert comparison_space(np.array([[0.0, 1.0], [0.0, 0.0]]), rescale_to=1e4).nnz == 1
