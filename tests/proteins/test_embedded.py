"""The table of embedded proteins, on disk and back."""

import numpy as np
import pytest

from expressionvae.files import UserError
from expressionvae.proteins.embedded import Proteins, read_proteins
from tests.proteins.test_fasta import written


def test_table_survives_the_disk(tmp_path):
    table = Proteins(["A", "B"], np.eye(2, 3, dtype=np.float32), [5, 6], [])
    table.save(tmp_path / "p.npz")
    back = read_proteins(tmp_path / "p.npz")
    assert (back.symbols, back.n_residues, back.missing) == (["A", "B"], [5, 6], [])
    assert np.array_equal(back.embedding, table.embedding)


def test_other_file_is_not_a_table(tmp_path):
    with pytest.raises(UserError, match="not a table of protein embeddings"):
        read_proteins(written(tmp_path, "nothing", "p.npz"))
