import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import sparse

from expressionvae.data import compact
from expressionvae.data.compact import Compact, smallest
from expressionvae.files import UserError

COUNTS = arrays.arrays(
    np.int64,
    arrays.array_shapes(min_dims=2, max_dims=2, max_side=9),
    elements=st.one_of(st.just(0), st.integers(0, 300), st.integers(0, 2**31 - 1)),
)


@given(COUNTS, st.data())
def test_a_batch_is_the_rows_of_the_matrix(counts, data):
    made = Compact.of(sparse.csr_matrix(counts))
    cells = np.array(data.draw(st.lists(st.integers(0, len(counts) - 1))), dtype=int)
    assert np.array_equal(made.dense(cells, np.int64), counts[cells])
    assert np.array_equal(made.dense(cells, np.float32), counts[cells].astype(np.float32))
    assert len(made) == len(counts)
    np.testing.assert_allclose(made.sums(), counts.sum(1), rtol=1e-6)


@pytest.mark.parametrize(
    ("largest", "kind"), [(0, "uint8"), (255, "uint8"), (256, "int16"), (32767, "int16"), (32768, "int32")]
)
def test_integers_are_as_small_as_hold_the_largest_count(largest, kind):
    assert smallest(largest) == kind
    counts = sparse.csr_matrix(np.array([[0, largest], [1, 0]]))
    assert Compact.of(counts).data.dtype == kind and Compact.of(counts).dense(np.array([0]), np.int64).max() == largest


def test_a_count_beyond_every_integer_is_refused():
    with pytest.raises(UserError, match="a count of 2,147,483,648 is larger"):
        Compact.of(sparse.csr_matrix(np.array([[2**31]])))


def test_genes_beyond_sixteen_bits_keep_their_place():
    counts = sparse.csr_matrix(([7, 8], [0, 70_000], [0, 2]), shape=(1, 70_001))
    assert np.flatnonzero(Compact.of(counts).dense(np.array([0]), np.int32)).tolist() == [0, 70_000]


def test_mapped_counts_are_those_in_memory_and_leave_no_file(tmp_path, monkeypatch):
    monkeypatch.delenv("TMPDIR", raising=False)
    counts = sparse.csr_matrix(np.random.default_rng(0).poisson(0.5, (50, 30)))
    room = Compact.empty(counts.nnz, int(counts.max()), 30, tmp_path, most_bytes=10)
    made, held = room.filled(iter([counts[:20], counts[20:]])), Compact.of(counts)
    cells = np.random.default_rng(1).integers(0, 50, 200)
    assert np.array_equal(made.dense(cells, np.float32), held.dense(cells, np.float32))
    assert made.checksum() == held.checksum() and np.array_equal(made.sums(), held.sums())
    assert room.data.base is not None and held.data.base is None and not os.listdir(tmp_path)


def test_a_checksum_tells_of_every_part():
    one = sparse.csr_matrix(np.array([[1, 0], [0, 2]]))
    others = ([[1, 0], [0, 3]], [[1, 0], [2, 0]], [[1, 2], [0, 0]])
    sums = {Compact.of(sparse.csr_matrix(np.array(other))).checksum() for other in others}
    assert len(sums | {Compact.of(one).checksum()}) == 4


def test_a_disk_without_room_is_named(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(compact.os, "posix_fallocate", full)
    with pytest.raises(UserError, match=f"{tmp_path}: No space left on device: 4.0 GB are needed"):
        compact.mapped(tmp_path / "unused", 2 * 10**9, np.dtype(np.int16))
