"""An h5ad is read in blocks whatever its age, layout, compression and kind of labels, or refused by name."""

import importlib.util
from unittest import mock

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_matrix, csr_matrix

from expressionvae.data import frames, sparse
from expressionvae.data.h5ad import Source
from expressionvae.files import UserError

COUNTS = np.random.default_rng(0).poisson(0.6, (60, 9)).astype(np.float32)
NAMES = [f"c{i}" for i in range(60)]


def screen(counts=COUNTS, **columns) -> ad.AnnData:
    obs = pd.DataFrame({"gene": ["A", "B", "ctrl"] * 20, **columns}, index=NAMES)
    return ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=[f"g{i}" for i in range(9)]))


def read(path, key="X", rows=None):
    with Source(path) as source:
        blocks = list(source.matrix(key).blocks(rows))
    numbers = np.concatenate([here for here, _ in blocks]) if blocks else []
    return numbers, np.concatenate([block if isinstance(block, np.ndarray) else block.toarray() for _, block in blocks])


LAYOUTS = {"dense": np.asarray, "csr": csr_matrix, "csc": csc_matrix}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("compression", [None, "gzip", "lzf"])
@pytest.mark.parametrize("number", [np.float32, np.int64, np.uint16])
def test_every_layout_compression_and_number_is_read(tmp_path, layout, compression, number, monkeypatch):
    monkeypatch.setattr(sparse, "BLOCK_BYTES", 300)
    screen(LAYOUTS[layout](COUNTS.astype(number))).write_h5ad(tmp_path / "s.h5ad", compression=compression)
    numbers, counts = read(tmp_path / "s.h5ad")
    assert numbers.tolist() == list(range(60)) and (counts == COUNTS).all()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for name, layout in LAYOUTS.items():
        screen(layout(COUNTS)).write_h5ad(folder / f"{name}.h5ad")
    return folder


@given(
    st.sampled_from(list(LAYOUTS)),
    st.sets(st.integers(0, 59), min_size=1),
    st.integers(1, 3000),
)
@settings(max_examples=40, deadline=None)
def test_any_rows_in_blocks_of_any_size_are_the_rows(files, layout, rows, size):
    wanted = np.array(sorted(rows))
    with mock.patch.object(sparse, "BLOCK_BYTES", size):
        numbers, counts = read(files / f"{layout}.h5ad", rows=wanted)
    assert numbers.tolist() == wanted.tolist() and (counts == COUNTS[wanted]).all()


def test_rows_without_a_count_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(sparse, "BLOCK_BYTES", 16)
    counts = COUNTS * (np.arange(60) % 3 == 0)[:, None]
    screen(csr_matrix(counts)).write_h5ad(tmp_path / "s.h5ad")
    assert (read(tmp_path / "s.h5ad")[1] == counts).all()


def test_a_layer_is_read_like_x(tmp_path):
    adata = screen(np.log1p(COUNTS))
    adata.layers["counts"] = csr_matrix(COUNTS)
    adata.write_h5ad(tmp_path / "s.h5ad")
    assert (read(tmp_path / "s.h5ad", "layers/counts")[1] == COUNTS).all()
    with pytest.raises(UserError, match="holds no matrix layers/raw .config key layer.; it has 'X', 'layers/counts'"):
        read(tmp_path / "s.h5ad", "layers/raw")


def with_raw(path):
    """Log values of five genes in X, counts of all nine in raw."""
    adata = screen()
    adata.raw = adata
    adata = adata[:, :5].copy()
    adata.X = np.log1p(adata.X)
    adata.write_h5ad(path)


def test_raw_has_genes_of_its_own(tmp_path):
    with_raw(tmp_path / "s.h5ad")
    assert (read(tmp_path / "s.h5ad", "raw/X")[1] == COUNTS).all()
    with Source(tmp_path / "s.h5ad") as source:
        assert source.matrix("raw/X").genes.names().tolist() == [f"g{i}" for i in range(9)]
        assert source.matrix("X").genes.names().tolist() == [f"g{i}" for i in range(5)]


def test_raw_of_another_size_than_its_genes_is_refused(tmp_path):
    with_raw(tmp_path / "s.h5ad")
    with h5py.File(tmp_path / "s.h5ad", "a") as file:
        names = file["raw/var/_index"][:-1]
        del file["raw/var/_index"]
        file["raw/var/_index"] = names
    with pytest.raises(UserError, match=r"raw/X is 60 x 9; expected 60 x 8, the rows of obs and of raw/var"):
        read(tmp_path / "s.h5ad", "raw/X")


def fixed_length(path):
    """Text attributes as files written by Julia, R or an old h5py have them: of fixed length, read as bytes."""

    def rewrite(_, element):
        for name, value in [pair for pair in element.attrs.items() if isinstance(pair[1], str) and pair[1]]:
            del element.attrs[name]
            element.attrs.create(name, value, dtype=h5py.string_dtype("utf-8", len(value.encode())))

    with h5py.File(path, "a") as file:
        file.visititems(rewrite)
        assert isinstance(file["obs"].attrs["_index"], bytes)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_attributes_of_fixed_length_are_text(tmp_path, layout):
    screen(LAYOUTS[layout](COUNTS)).write_h5ad(tmp_path / "s.h5ad")
    fixed_length(tmp_path / "s.h5ad")
    assert (read(tmp_path / "s.h5ad")[1] == COUNTS).all()
    with Source(tmp_path / "s.h5ad") as source:
        assert source.columns("obs") == ["gene"] and source.names("obs").tolist() == NAMES
        assert list(source.labels("obs", "gene"))[:3] == ["A", "B", "ctrl"]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.filterwarnings("ignore")
def test_a_zarr_folder_is_read_like_a_file(tmp_path, layout, version, monkeypatch):
    monkeypatch.setattr(sparse, "BLOCK_BYTES", 300)
    adata = screen(LAYOUTS[layout](COUNTS), target=pd.Categorical(["B", "α", "ctrl"] * 20), n=np.arange(60))
    adata.uns["about"] = {"name": "x"}
    with ad.settings.override(zarr_write_format=version):
        adata.write_zarr(tmp_path / "s.zarr")
    assert (read(tmp_path / "s.zarr")[1] == COUNTS).all()
    with Source(tmp_path / "s.zarr") as source:
        assert list(source.labels("obs", "target"))[:3] == ["B", "α", "ctrl"]
        assert source.numbers("obs", "n").tolist() == list(range(60)) and source.about("about") == {"name": "x"}
        assert source.names("var").tolist() == [f"g{i}" for i in range(9)]


@pytest.mark.filterwarnings("ignore")
def test_pieces_of_zeros_that_a_zarr_folder_lacks_are_told(tmp_path, capsys):
    screen(COUNTS).write_zarr(tmp_path / "s.zarr", chunks=(20, 9))
    there = [path for path in (tmp_path / "s.zarr" / "X").rglob("*") if path.is_file() and path.name[0] in "012"]
    there[0].unlink()
    read(tmp_path / "s.zarr")
    assert "X has 2 of its 3 pieces; the others are taken as zeros" in capsys.readouterr().err


def test_an_index_of_labels_is_read(tmp_path):
    screen().write_h5ad(tmp_path / "s.h5ad")
    with h5py.File(tmp_path / "s.h5ad", "a") as file:
        names = file["obs/_index"][:]
        del file["obs/_index"]
        file["obs/_index/categories"], file["obs/_index/codes"] = names[::-1].copy(), np.arange(60)[::-1].copy()
    with Source(tmp_path / "s.h5ad") as source:
        assert source.n_cells == 60 and source.names("obs").tolist() == NAMES
        assert source.names("obs", np.array([3, 17])).tolist() == ["c3", "c17"]


def test_the_index_may_be_asked_for_by_its_name(tmp_path):
    adata = screen()
    adata.var.index.name = "gene_symbols"
    adata.write_h5ad(tmp_path / "s.h5ad")
    with Source(tmp_path / "s.h5ad") as source:
        assert list(source.labels("var", "gene_symbols", "gene_column")) == [f"g{i}" for i in range(9)]


TYPES = {"data": ["<f2", ">f8", "<u8"], "indices": [">i8", "u1", "<u8"], "indptr": ["<u2", ">i8"]}


@pytest.mark.parametrize(("part", "kind"), [(part, kind) for part, kinds in TYPES.items() for kind in kinds])
@pytest.mark.parametrize("layout", ["csr", "csc"])
def test_parts_of_a_sparse_matrix_may_be_of_any_number(tmp_path, layout, part, kind):
    screen(LAYOUTS[layout](COUNTS)).write_h5ad(tmp_path / "s.h5ad")
    with h5py.File(tmp_path / "s.h5ad", "a") as file:
        values = file["X"][part][:].astype(kind)
        del file["X"][part]
        file["X"][part] = values
    assert (read(tmp_path / "s.h5ad")[1] == COUNTS).all()


def test_genes_of_a_cell_may_be_in_any_order(tmp_path):
    counts = csr_matrix(COUNTS)
    for start, stop in zip(counts.indptr, counts.indptr[1:], strict=False):
        counts.indices[start:stop], counts.data[start:stop] = (
            part[start:stop][::-1].copy() for part in (counts.indices, counts.data)
        )
    screen(counts).write_h5ad(tmp_path / "s.h5ad")
    assert (read(tmp_path / "s.h5ad")[1] == COUNTS).all()


def chunked(path, chunks):
    screen().write_h5ad(path)
    with h5py.File(path, "a") as file:
        attrs = dict(file["X"].attrs)
        del file["X"]
        file.create_dataset("X", data=COUNTS, chunks=chunks, compression="gzip").attrs.update(attrs)


@pytest.mark.parametrize("chunks", [(7, 4), (60, 1), (1, 9), (60, 9)])
def test_chunks_of_any_form_are_read(tmp_path, chunks, monkeypatch):
    monkeypatch.setattr(sparse, "BLOCK_BYTES", 400)
    chunked(tmp_path / "s.h5ad", chunks)
    assert (read(tmp_path / "s.h5ad")[1] == COUNTS).all()


def test_chunks_that_force_too_much_into_memory_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sparse, "MOST_BYTES", 1000)
    chunked(tmp_path / "s.h5ad", (60, 1))
    with pytest.raises(UserError, match=r"stored in chunks of \(60, 1\) values, and 60 rows at once are too much"):
        read(tmp_path / "s.h5ad")


def test_a_matrix_by_columns_too_large_to_turn_is_refused_with_the_remedy(files, monkeypatch):
    monkeypatch.setattr(sparse, "MOST_BYTES", 1000)
    with pytest.raises(UserError, match=r"csc.h5ad: X is stored by columns .CSC.*adata.X = adata.X.tocsr"):
        read(files / "csc.h5ad")


def exotic(path, code):
    """A file whose X has been through an HDF5 filter of that number (its bytes are never looked at)."""
    screen().write_h5ad(path)
    with h5py.File(path, "a") as file:
        attrs = dict(file["X"].attrs)
        del file["X"]
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((60, 9))
        plist.set_filter(code, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple((60, 9))
        h5py.h5d.create(file.id, b"X", h5py.h5t.NATIVE_FLOAT, space, plist)
        file["X"].attrs.update(attrs)


def test_an_unknown_compression_is_refused_by_name(tmp_path):
    exotic(tmp_path / "s.h5ad", 317)
    with pytest.raises(UserError, match="X is compressed with HDF5 filter 317 .*pip install hdf5plugin"):
        read(tmp_path / "s.h5ad")


@pytest.mark.parametrize("name", ["Blosc", "Zstd", "LZ4", "Bitshuffle", "Blosc2"])
def test_common_plugins_are_read_where_they_are_installed(tmp_path, name):
    if not importlib.util.find_spec("hdf5plugin"):
        pytest.skip("needs hdf5plugin")
    import hdf5plugin

    screen(csr_matrix(COUNTS)).write_h5ad(tmp_path / "s.h5ad")
    with h5py.File(tmp_path / "s.h5ad", "a") as file:
        for part in ("data", "indices"):
            values = file["X"][part][:]
            del file["X"][part]
            file["X"].create_dataset(part, data=values, chunks=(50,), **getattr(hdf5plugin, name)())
    assert (read(tmp_path / "s.h5ad")[1] == COUNTS).all()


LABELS = {
    "text": lambda values: values,
    "categories": pd.Categorical,
    "nullable text": lambda values: pd.array(values, dtype="string"),
    "categories, one unused": lambda values: pd.Categorical(values, categories=["unused", *"Bα", "ctrl"]),
}


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.filterwarnings("ignore")
def test_labels_of_every_kind_read_the_same(tmp_path, kind, monkeypatch):
    monkeypatch.setattr(frames, "LABELS", 7)
    values = ["B", "α", "ctrl"] * 20
    with ad.settings.override(allow_write_nullable_strings=True):
        screen(target=LABELS[kind](values)).write_h5ad(tmp_path / "s.h5ad")
    with Source(tmp_path / "s.h5ad") as source:
        assert list(source.labels("obs", "target")) == values


@pytest.mark.parametrize(
    ("values", "texts"), [([1, 2, 3], ["1", "2", "3"]), ([True, False, True], ["True", "False", "True"])]
)
def test_numbers_and_truths_are_labels_too(tmp_path, values, texts):
    screen(target=np.array(values * 20)).write_h5ad(tmp_path / "s.h5ad")
    with Source(tmp_path / "s.h5ad") as source:
        assert list(source.labels("obs", "target"))[:3] == texts


@pytest.mark.parametrize("missing", [None, np.nan, ""])
@pytest.mark.parametrize("kind", [pd.Categorical, list])
@pytest.mark.filterwarnings("ignore")
def test_a_missing_label_is_refused_with_its_cell(tmp_path, missing, kind):
    values = ["A"] * 60
    values[17] = missing if kind is pd.Categorical or missing == "" else "nan"  # what a missing text is saved as
    screen(target=kind(values)).write_h5ad(tmp_path / "s.h5ad")
    with Source(tmp_path / "s.h5ad") as source, pytest.raises(UserError, match="no value in 1 of 60 rows.*'c17'"):
        source.labels("obs", "target")


def test_numbers_are_read_and_text_in_their_place_refused(tmp_path):
    adata = screen(n=np.arange(60), maybe=pd.array([None, *range(59)], dtype="Int64"))
    adata.write_h5ad(tmp_path / "s.h5ad")
    with Source(tmp_path / "s.h5ad") as source:
        assert source.numbers("obs", "n").tolist() == list(range(60))
        assert np.isnan(source.numbers("obs", "maybe")[0]) and source.numbers("obs", "maybe")[1] == 0
        with pytest.raises(UserError, match="obs column 'gene' holds .*expected numbers"):
            source.numbers("obs", "gene")


@pytest.mark.parametrize("rows", [None, [0, 6, 7, 59]])
def test_names_are_read_in_pieces(files, rows, monkeypatch):
    monkeypatch.setattr(frames, "LABELS", 7)
    with Source(files / "csr.h5ad") as source:
        found = source.names("obs", None if rows is None else np.array(rows))
        assert found.tolist() == [NAMES[i] for i in (range(60) if rows is None else rows)]


def as_0_7(path):
    """Categories as anndata 0.7 wrote them: codes in obs, labels in __categories, a reference between."""
    with h5py.File(path, "a") as file:
        codes, categories = file["obs/target/codes"][:], file["obs/target/categories"][:]
        del file["obs/target"]
        file["obs/__categories/target"] = categories
        file["obs/target"] = codes
        file["obs/target"].attrs["categories"] = file["obs/__categories/target"].ref


def test_categories_of_anndata_0_7_are_read(tmp_path):
    values = ["A", "B", "ctrl"] * 20
    screen(target=pd.Categorical(values)).write_h5ad(tmp_path / "old.h5ad")
    as_0_7(tmp_path / "old.h5ad")
    with Source(tmp_path / "old.h5ad") as source:
        assert list(source.labels("obs", "target")) == values
        assert source.columns("obs") == ["gene", "target"]


BAD = {"fraction": 0.5, "negative": -1.0, "nan": np.nan, "infinite": np.inf, "too large": 3e9}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("bad", BAD)
def test_a_value_that_is_no_count_is_named_with_its_place(tmp_path, layout, bad):
    counts = COUNTS.astype(np.float64)
    counts[31, 4] = BAD[bad]
    screen(LAYOUTS[layout](counts)).write_h5ad(tmp_path / "s.h5ad")
    with pytest.raises(UserError, match=r"X holds .* at cell 'c31' \(row 31\), gene 'g4', but raw counts"):
        read(tmp_path / "s.h5ad")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_raw_at_first_and_normalised_later_is_found_by_probing(tmp_path, layout):
    counts = COUNTS.copy()
    counts[40:] = np.log1p(counts[40:])
    screen(LAYOUTS[layout](counts)).write_h5ad(tmp_path / "s.h5ad")
    with Source(tmp_path / "s.h5ad") as source, pytest.raises(UserError, match="but raw counts"):
        source.matrix().probe(number=4, rows=5)


@pytest.mark.parametrize("content", [b"", b"cell,gene\n", b"\x89HDF\r\n\x1a\n" + bytes(500)])
def test_files_that_are_no_h5ad_are_refused(tmp_path, content):
    (tmp_path / "s.h5ad").write_bytes(content)
    with pytest.raises(UserError, match="s.h5ad: not a readable h5ad file"):
        Source(tmp_path / "s.h5ad")


def test_an_hdf5_file_without_obs_is_refused(tmp_path):
    with h5py.File(tmp_path / "s.h5ad", "w") as file:
        file["X"] = COUNTS
    with pytest.raises(UserError, match="not a readable h5ad file.*obs"):
        Source(tmp_path / "s.h5ad")


def test_labels_may_be_missing_where_none_is_needed(tmp_path):
    adata = screen(COUNTS)
    adata.obs["label"] = ["A", None, np.nan, *["B"] * 57]
    adata.write_h5ad(tmp_path / "s.h5ad")
    with Source(tmp_path / "s.h5ad") as source:
        labels = source.labels("obs", "label", needed=np.arange(3, 60))
        assert labels[0] == "A" and len(labels) == 60 and set(labels[3:]) == {"B"}
        with pytest.raises(UserError, match="obs column 'label' has no value in 2 of 4 rows, for example"):
            source.labels("obs", "label", needed=np.array([0, 1, 2, 5]))
