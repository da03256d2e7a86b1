import numpy as np
import pytest

from expressionvae.data.h5ad import Source
from expressionvae.data.reversion_screen import blocks, read
from expressionvae.data.reversion_slice import Wanted, slice_screen
from expressionvae.files import UserError
from tests.data.test_reversion_slice import ENTRY, GENES, a_file, a_table, sliced


def test_scored_cells_have_a_target_and_company(tmp_path):
    obs = a_table()
    obs.loc[obs.index[:2], "gene"] = "D"  # two treated cells
    few, many = (sliced(a_file(tmp_path, obs=obs), min_cells=n)[0] for n in (2, 3))
    assert set(few.target[few.scored(treated=True)]) == {"A", "B", "C", "D"}
    assert set(many.target[many.scored(treated=True)]) == {"A", "B", "C"}
    assert not (few.scored(treated=True) & ~few.treated).any()


def test_resting_cells_are_untreated_controls(tmp_path):
    screen, _ = sliced(a_file(tmp_path))
    assert screen.resting.any() and not screen.treated[screen.resting].any()
    assert set(screen.target[screen.resting]) == {"SAFE"}


def test_a_file_that_was_not_sliced_is_refused(tmp_path):
    with pytest.raises(UserError, match="rev.h5ad: uns has no 'reversion'"):
        read(a_file(tmp_path))


def test_a_screen_cut_for_another_encoder_is_not_read(tmp_path):
    screen, _ = sliced(a_file(tmp_path))
    with pytest.raises(UserError, match="sliced.h5ad: cut to other genes than the encoder's; delete it"):
        next(blocks(screen, GENES[::-1]))


def test_the_real_screen_of_datlinger_is_read(shared, tmp_path):
    path = shared / "data" / "screens" / "datlinger2021_jurkat_crispr_tcr.h5ad"
    entry = ENTRY | {
        "target_column": "perturbation", "condition_column": "condition", "library_column": "ncounts",
        "treated": "stimulated", "untreated": "unstimulated", "control": "control", "leave_out": [],
        "positives": ["LCK", "LAT", "ZAP70"],
    }  # fmt: skip
    genes = ["JUND", "NKX3-1", "no such gene"]
    slice_screen(path, tmp_path / "sliced.h5ad", genes, Wanted.of(path, entry), symbol_map={})
    screen = read(tmp_path / "sliced.h5ad")
    assert len(screen) == 7500 and screen.positives == ["LCK", "LAT", "ZAP70"]
    assert screen.resting.sum() == 60 and len(set(screen.target[screen.scored(treated=True)])) == 20
    parts = list(blocks(screen, genes))
    factors = np.concatenate([block.size_factor for block in parts])
    assert len(factors) == 7500 and np.isclose(np.median(factors), 1)
    assert sum(block.counts.nnz for block in parts) > 0
    with Source(path) as source:  # the library of the cell, not of the 2,000 genes
        stated = source.numbers("obs", "ncounts")
    np.testing.assert_allclose(factors, stated / np.median(stated), rtol=1e-6)
    assert all(block.size_factor.dtype == np.float32 == block.counts.dtype for block in parts)
