from tests.metrics.conftest import labels, predicted, predicted_cells, true_cells, truth  # noqa: F401
