"""h5ad files of ours: a checksum wherever HDF5 can have one, a seal over the rest, and any reader reads them."""

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from expressionvae.data import madeup, sealed, streaming
from expressionvae.files import UserError, damage
from tests import ours
from tests.damages import flipped
from tests.data.test_madeup import RECIPE

UNS = {"n": 3, "text": "x", "none": np.array([], object), "names": np.array(["a", "β"], object), "deep": {"x": 1.5}}


@pytest.fixture
def written(tmp_path):
    """Files that each of our writers makes."""
    sealed.write(tmp_path / "whole.h5ad", ours.a_screen(), compression="gzip")
    sealed.write(tmp_path / "plain.h5ad", ours.a_screen())
    writer = streaming.Writer(tmp_path / "blocks.h5ad", len(ours.GENES))
    writer.append(csr_matrix(ours.a_screen().X))
    writer.finish(ours.a_screen().obs, ours.GENES, {"screen": {"name": "s"}})
    madeup.simulate(tmp_path / "made-up.h5ad", tmp_path / "e.npz", recipe=RECIPE, control="ctrl", proteins=None)
    return sorted(tmp_path.glob("*.h5ad"))


def test_every_array_of_numbers_has_checksums_and_every_file_a_seal(written):
    for path in written:
        unchecked = []

        def look(name, element, unchecked=unchecked):
            if isinstance(element, h5py.Dataset) and element.shape and element.dtype.kind in "biuf":
                unchecked += [] if element.fletcher32 else [name]

        with h5py.File(path) as file:
            file.visititems(look)
        assert not unchecked and path.read_bytes().startswith(b"expressionvae sha256 ") and damage(path) is None


def test_any_reader_of_h5ad_reads_them(written):
    for path in written:
        cells = ad.read_h5ad(path)
        assert cells.X.sum() > 0 and cells.obs_names.is_unique
    pd.testing.assert_frame_equal(ad.read_h5ad(written[-1]).obs, ours.a_screen().obs)


def test_any_reader_notices_a_flipped_count(written):
    path = written[1 + [path.name for path in written].index("made-up.h5ad")]  # plain.h5ad
    with h5py.File(path) as file:
        place = file["X/data"].id.get_chunk_info(0).byte_offset
    whole = path.read_bytes()
    path.write_bytes(flipped(whole, 8 * (place + 2)))
    with pytest.raises(OSError):
        ad.read_h5ad(path)


def test_a_flipped_letter_of_a_name_is_noticed_which_hdf5_cannot(written):
    path = next(path for path in written if path.name == "plain.h5ad")
    whole = path.read_bytes()
    path.write_bytes(flipped(whole, 8 * whole.index(b"c17")))
    assert "b17" in ad.read_h5ad(path).obs_names
    with pytest.raises(UserError, match="plain.h5ad: not cells: its content has changed since it was written"):
        sealed.read(path, "cells")


def test_what_anndata_can_write_comes_back(tmp_path):
    cells = ad.AnnData(csr_matrix((2, 3), dtype=np.float32), uns=UNS)
    sealed.write(tmp_path / "a.h5ad", cells, compression="gzip")
    again = ad.read_h5ad(tmp_path / "a.h5ad")
    assert again.shape == (2, 3) and again.uns["names"].tolist() == ["a", "β"] and again.uns["deep"] == {"x": 1.5}
    assert again.uns["none"].size == 0 and again.uns["text"] == "x" and not damage(tmp_path / "a.h5ad")
