import numpy as np
import pytest
from scipy import sparse

from expressionvae.evaluation import cell_types
from expressionvae.evaluation.cell_types import CellTypes
from expressionvae.files import UserError
from tests.metrics.test_identity import SETTINGS, screen  # noqa: F401 - a fixture


@pytest.mark.parametrize("types", [["a", "b"], ["a", "b", "c"]])
def test_each_type_is_known_by_its_gene(types):
    X = sparse.csr_matrix(np.repeat(np.eye(len(types)), 5, axis=0))
    labels = np.repeat(types, 5)
    fitted = CellTypes.fit(X, labels, types=[*types, "unseen"], inverse_penalty=1.0)
    assert fitted.assigned(X).tolist() == labels.tolist()


def test_the_same_seed_gives_the_same_file_which_reads_back(screen, tmp_path):  # noqa: F811
    train, truth = screen
    files = [tmp_path / f"{i}.npz" for i in range(2)]
    for file in files:
        cell_types.save(cell_types.fit(train, truth, **SETTINGS), file)
    assert files[0].read_bytes() == files[1].read_bytes()
    read, made = cell_types.read(files[0], truth=truth), cell_types.fit(train, truth, **SETTINGS)
    assert np.array_equal(read.weights, made.weights) and read.types.tolist() == ["B", "T"]


def test_a_file_of_other_true_cells_is_refused(screen, tmp_path):  # noqa: F811
    train, truth = screen
    cell_types.save(cell_types.fit(train, truth, **SETTINGS), tmp_path / "cell_types.npz")
    with pytest.raises(UserError, match=r"cell_types.npz: .*it is about 80 cells, expected 79"):
        cell_types.read(tmp_path / "cell_types.npz", truth=truth[:-1])
