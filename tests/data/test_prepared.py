import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from expressionvae.data.prepared import read
from expressionvae.data.streaming import Writer
from expressionvae.files import UserError


@pytest.fixture
def train(tmp_path):
    """A train.h5ad as the rule `prepare` writes it, and its counts."""
    counts = np.random.default_rng(0).poisson(1.0, (40, 7)).astype(np.int32)
    counts[3, 2] = 60_000
    writer = Writer(tmp_path / "train.h5ad", 7)
    writer.append(sparse.csr_matrix(counts))
    obs = pd.DataFrame({"cell_type": pd.Categorical(["A", "B"] * 20), "perturbation": pd.Categorical(["c", "p"] * 20)})
    obs["library_size"], obs["median_library"] = np.arange(40, dtype=np.float32), np.float32([2, 4] * 20)
    obs.index = [f"cell {i}" for i in range(40)]
    writer.finish(obs, list("abcdefg"), {"screen": {"control": "c", "heldout_cell_types": ["B"]}})
    return tmp_path / "train.h5ad", counts


@pytest.mark.parametrize("most_bytes", [10, 10**9])
def test_cells_are_those_of_the_file_however_they_are_held(train, most_bytes):
    path, counts = train
    cells = read(path, most_bytes)
    some = np.array([39, 3, 3, 0])
    batch, size_factor = cells.batch(some)
    assert np.array_equal(batch, counts[some].astype(np.float32)) and batch.dtype == np.float32
    assert size_factor.tolist() == [39 / 4, 3 / 4, 3 / 4, 1 / 2]  # over its own file's median; no cell has less than 1
    assert np.array_equal(cells.panel_library(), counts.sum(1))
    assert (cells.cell_type[:2], cells.perturbation[:2], cells.genes) == (["A", "B"], ["c", "p"], list("abcdefg"))
    assert (cells.control, cells.heldout_cell_types, len(cells)) == ("c", ["B"], 40)


def test_the_checksum_does_not_depend_on_how_cells_are_held(train):
    assert read(train[0], 10).checksum() == read(train[0]).checksum()


def test_a_file_cut_short_is_named(train):
    path, _ = train
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(UserError, match="train.h5ad"):
        read(path)
