"""Screens are read as published; every mistake is one message that names file, column and value."""

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csc_matrix, csr_matrix, vstack

from expressionvae.data.screen import Columns, Screen
from expressionvae.files import UserError


def labels(path, *, columns) -> pd.DataFrame:
    with Screen(path, columns) as screen:
        return screen.cells


def read(path, *, columns) -> ad.AnnData:
    """A screen as its blocks give it."""
    with Screen(path, columns) as screen:
        parts = list(screen.blocks(screen.whole_panel()))
        assert np.array_equal(np.concatenate([rows for rows, _, _ in parts]), np.arange(len(screen.cells)))
        library = np.concatenate([library for _, _, library in parts]).astype(np.float32)
        counts = csr_matrix(vstack([counts for _, counts, _ in parts], format="csr"))
        return ad.AnnData(counts, screen.cells.assign(library_size=library), pd.DataFrame(index=screen.genes))


COLUMNS = Columns("gene", "line", None, None, None)
COUNTS = np.array([[1, 0, 2], [0, 3, 0], [4, 5, 6], [0, 0, 7]], dtype=np.float32)


def a_screen(counts=None, **obs) -> ad.AnnData:
    frame = pd.DataFrame(
        {"gene": ["ctrl", "A", "B", "A"], "line": ["k", "k", "r", "r"], **obs}, index=["c1", "c2", "c3", "c4"]
    )
    counts = csr_matrix(COUNTS) if counts is None else counts
    return ad.AnnData(X=counts, obs=frame, var=pd.DataFrame({"symbol": list("XYZ")}, index=["g1", "g2", "g3"]))


@pytest.fixture
def saved(tmp_path):
    def save(screen: ad.AnnData):
        screen.write_h5ad(tmp_path / "screen.h5ad")
        return tmp_path / "screen.h5ad"

    return save


@pytest.mark.parametrize("matrix", [csr_matrix, csc_matrix, np.asarray])
@pytest.mark.parametrize("number", [np.int32, np.int64, np.float32, np.float64])
def test_any_layout_of_counts_reads_the_same(saved, matrix, number):
    screen = read(saved(a_screen(matrix(COUNTS.astype(number)))), columns=COLUMNS)
    assert screen.X.format == "csr" and screen.X.dtype == np.int32
    assert (screen.X.toarray() == COUNTS).all()
    assert screen.obs["library_size"].tolist() == [3, 3, 15, 7]
    assert screen.obs["library_size"].dtype == np.float32


def test_labels_come_under_their_own_names(saved):
    screen = read(saved(a_screen()), columns=COLUMNS)
    assert screen.obs["perturbation"].tolist() == ["ctrl", "A", "B", "A"]
    assert screen.obs["cell_type"].tolist() == ["k", "k", "r", "r"]
    assert screen.var_names.tolist() == ["g1", "g2", "g3"]


def test_categories_and_numbers_are_labels_too(saved):
    path = saved(a_screen(gene=pd.Categorical(["ctrl", "A", "B", "A"]), line=[1, 1, 2, 2]))
    assert labels(path, columns=COLUMNS)["cell_type"].tolist() == ["1", "1", "2", "2"]


def test_without_a_cell_type_column_all_cells_are_alike(saved):
    path = saved(a_screen())
    assert set(labels(path, columns=Columns("gene", None, None, None, None))["cell_type"]) == {"cells"}


def test_gene_symbols_may_stand_in_a_column(saved):
    assert read(saved(a_screen()), columns=Columns("gene", "line", "symbol", None, None)).var_names.tolist() == list(
        "XYZ"
    )


def test_counts_may_stand_in_a_layer(saved):
    screen = a_screen(np.log1p(COUNTS))
    screen.layers["raw"] = csr_matrix(COUNTS)
    assert (read(saved(screen), columns=Columns("gene", "line", None, "raw", None)).X.toarray() == COUNTS).all()


def test_stored_zeros_vanish(saved):
    counts = csr_matrix(COUNTS)
    counts.data[0] = 0
    assert (read(saved(a_screen(counts)), columns=COLUMNS).X.data > 0).all()


def test_a_file_of_the_first_anndata_reads(tmp_path):
    """Before anndata 0.7: obs a table of codes, their categories in uns, X marked by h5sparse_format."""
    counts = csr_matrix(COUNTS)
    with h5py.File(tmp_path / "old.h5ad", "w") as file:
        group = file.create_group("X")
        group.attrs.update({"h5sparse_format": "csr", "h5sparse_shape": counts.shape})
        for name in ("data", "indices", "indptr"):
            group[name] = getattr(counts, name)
        codes = [(b"c1", 2, 0), (b"c2", 0, 0), (b"c3", 1, 1), (b"c4", 0, 1)]
        file["obs"] = np.array(codes, dtype=[("index", "S2"), ("gene", "i1"), ("line", "i1")])
        file["var"] = np.array([(b"g1",), (b"g2",), (b"g3",)], dtype=[("index", "S2")])
        text = h5py.string_dtype()
        file.create_dataset("uns/gene_categories", data=["A", "B", "ctrl"], dtype=text)
        file.create_dataset("uns/line_categories", data=["k", "r"], dtype=text)
    screen = read(tmp_path / "old.h5ad", columns=COLUMNS)
    assert screen.obs["perturbation"].tolist() == ["ctrl", "A", "B", "A"]
    assert (screen.X.toarray() == COUNTS).all()


@pytest.mark.parametrize(
    "value, shown", [(1.0986, "1.0986"), (-1, "-1"), (np.nan, "nan"), (np.inf, "inf"), (3e9, "3e\\+09")]
)
def test_other_values_than_raw_counts_are_refused(saved, value, shown):
    counts = COUNTS.astype(np.float64)
    counts[2, 1] = value
    with pytest.raises(
        UserError, match=f"screen.h5ad: X holds {shown} at cell 'c3' .row 2., gene 'g2', but raw counts"
    ):
        read(saved(a_screen(csr_matrix(counts))), columns=COLUMNS)


def test_a_missing_column_lists_those_there_are(saved):
    with pytest.raises(UserError, match="no column 'target' .config key perturbation_column.*'gene', 'line'"):
        labels(saved(a_screen()), columns=Columns("target", "line", None, None, None))


def test_a_missing_gene_column_and_layer_are_named(saved):
    path = saved(a_screen())
    with pytest.raises(UserError, match="var has no column 'name'.*'symbol'"):
        labels(path, columns=Columns("gene", "line", "name", None, None))
    with pytest.raises(UserError, match="holds no matrix layers/raw .config key layer.; it has 'X'"):
        read(path, columns=Columns("gene", "line", None, "raw", None))


@pytest.mark.parametrize("empty", [None, np.nan, "nan", ""])
def test_a_missing_label_is_refused(saved, empty):
    screen = a_screen()
    screen.obs["gene"] = pd.Categorical(["ctrl", "A", empty, "A"])
    with pytest.raises(UserError, match="obs column 'gene' has no value in 1 of 4 rows, for example 'c3'"):
        labels(saved(screen), columns=COLUMNS)


@pytest.mark.filterwarnings("ignore:.*not unique")
def test_genes_and_cells_named_twice_are_refused(saved):
    screen = a_screen()
    screen.var["symbol"] = ["X", "Y", "X"]
    with pytest.raises(UserError, match="1 genes appear more than once, for example 'X'"):
        labels(saved(screen), columns=Columns("gene", "line", "symbol", None, None))
    screen.obs_names = ["c1", "c2", "c1", "c4"]
    with pytest.raises(UserError, match="1 cell names appear more than once, for example 'c1'"):
        labels(saved(screen), columns=COLUMNS)


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(UserError, match="none.h5ad: no such file"):
        labels(tmp_path / "none.h5ad", columns=COLUMNS)


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "screen.h5ad").write_text("cell,gene\n")
    with pytest.raises(UserError, match="not a readable h5ad file"):
        labels(tmp_path / "screen.h5ad", columns=COLUMNS)


@pytest.mark.parametrize("kept", [0.3, 0.7, 0.97])
def test_a_file_cut_short_is_refused(saved, kept):
    generator = np.random.default_rng(0)
    screen = ad.AnnData(
        X=csr_matrix(generator.poisson(1, (400, 300)).astype(np.float32)),
        obs=pd.DataFrame({"gene": ["A"] * 400, "line": ["k"] * 400}, index=[f"c{i}" for i in range(400)]),
    )
    path = saved(screen)
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    with pytest.raises(UserError, match="cut short"):
        read(path, columns=COLUMNS)


REAL = {
    "kang2018_pbmc_ifnb_scgen_valid": (Columns("condition", "cell_type", None, None, None), 1975, 6998),
    "perturbench_devel_norman19_mcfaline23": (
        Columns("perturbation", "cell_type", None, None, None),
        5961,
        500,
    ),
    "papalexi2021_thp1_crisprko_ifng": (Columns("perturbation", None, None, None, None), 20729, 299),
    "datlinger2021_jurkat_crispr_tcr": (Columns("perturbation", "condition", None, None, None), 7500, 2000),
}


@pytest.mark.parametrize("name", REAL)
def test_real_screens_read(shared, name):
    columns, cells, genes = REAL[name]
    screen = read(shared / "data" / "screens" / f"{name}.h5ad", columns=columns)
    assert screen.shape == (cells, genes)
    assert "control" in set(screen.obs["perturbation"])
