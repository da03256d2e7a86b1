"""What is wrong with a file is said in one line: file, key, value and what is expected; and nothing is written."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csc_matrix, csr_matrix

from expressionvae.data import store
from expressionvae.data.screen import Columns
from expressionvae.data.split import prepare
from expressionvae.files import UserError

CELLS, GENES = 40, 6
COUNTS = np.random.default_rng(0).poisson(1.5, (CELLS, GENES)).astype(np.float32)
COUNTS[:, :3] += 1
CAFE = b"caf\xe9"  # in latin-1
TEXT = h5py.string_dtype()


def screen(values: Any = None) -> ad.AnnData:
    obs = pd.DataFrame(
        {"gene": ["ctrl", "A"] * 20, "line": ["X"] * 20 + ["Y"] * 20, "total": COUNTS.sum(1) * 2.0},
        index=[f"c{i}" for i in range(CELLS)],
    )
    values = csr_matrix(COUNTS) if values is None else values
    return ad.AnnData(values, obs, pd.DataFrame(index=[f"g{i}" for i in range(GENES)]))


def prepared(path: Path, *, gene=None, layer=None, library=None, **changes) -> None:
    options: dict[str, Any] = dict(control="ctrl", embedding="learned", min_cells=3, genes=None)
    options |= dict(heldout={"cell_type": "Y", "perturbations": ["A"]}, **changes)
    columns = Columns("gene", "line", gene, layer, library)
    prepare(path, path.parent / "t.h5ad", path.parent / "h.h5ad", name="bad", columns=columns, **options)


# Each builder writes a bad file to a path.
Builder = Callable[[Path], object]


def edited(edit: Callable[[h5py.File], object], values: Any = None) -> Builder:
    def build(path: Path) -> None:
        screen(values).write_h5ad(path)
        with h5py.File(path, "a") as file:
            edit(file)

    return build


def put(key: str, make: Callable[[Any], Any] | Any, values: Any = None, **how) -> Builder:
    """Replace an array by another, or by what `make` makes of it."""

    def edit(file: h5py.File) -> None:
        stored: Any = file[key]
        attributes = dict(stored.attrs)
        made = make(stored[()]) if callable(make) else make
        del file[key]
        file.create_dataset(key, data=made, **how).attrs.update(attributes)

    return edited(edit, values)


def without(key: str) -> Builder:
    return edited(lambda file: file.__delitem__(key))


def linked(key: str, link: Any) -> Builder:
    return edited(lambda file: (file.__delitem__(key), file.__setitem__(key, link)))


def attribute(key: str, name: str, value: Any, values: Any = None, **how) -> Builder:
    def edit(file: h5py.File) -> None:
        file[key].attrs.pop(name, None)
        if value is not None:
            file[key].attrs.create(name, value, **how)

    return edited(edit, values)


def at(place: Any, value: Any) -> Callable[[Any], Any]:
    def change(values: Any) -> Any:
        values[place] = value
        return values

    return change


def column(values: Any, **how) -> Builder:
    """The labels in another form than anndata's."""

    def edit(file: h5py.File) -> None:
        del file["obs/gene"]
        file["obs"].create_dataset("gene", data=values, **how)

    return edited(edit)


def labels_of(**parts: Any) -> Builder:
    def edit(file: h5py.File) -> None:
        del file["obs/gene"]
        for name, values in parts.items():
            file[f"obs/gene/{name}"] = values

    return edited(edit)


def repeated(indices: Any) -> Any:
    indices[1] = indices[0]
    return indices


def saved(adata: ad.AnnData) -> Builder:
    return lambda path: adata.write_h5ad(path)


def with_layers(values: Any) -> Builder:
    adata = screen(values)
    adata.layers["counts"] = csr_matrix(COUNTS)
    return saved(adata)


def of_modalities(path: Path) -> None:
    with h5py.File(path, "w") as file:
        for name in ("mod/rna", "mod/protein", "obs", "var"):
            file.create_group(name)


def zarr_without(part: str) -> Builder:
    def build(path: Path) -> None:
        screen().write_zarr(path)
        for file in (path / part).rglob("*"):
            if file.is_file() and file.name not in (".zarray", ".zattrs", "zarr.json"):
                file.unlink()

    return build


DENSE, CSC, LOG = COUNTS, csc_matrix(COUNTS), np.log1p(COUNTS)
ODD = COUNTS.astype(np.float64)
BAD: dict[str, tuple[Builder, str]] = {
    "no cells": (saved(screen()[:0].copy()), "holds no cell: obs has 0 rows"),
    "no genes": (saved(screen()[:, :0].copy()), "holds no gene: var has 0 rows"),
    "all zeros": (saved(screen(csr_matrix((CELLS, GENES)))), "X holds no count at all, only zeros"),
    "strings in X": (put("X", np.full((CELLS, GENES), b"1"), DENSE), "X holds values of type |S1; expected raw counts"),
    "strings in data": (put("X/data", lambda v: v.astype("S3")), "X holds values of type |S3; expected raw counts"),
    "complex counts": (put("X", DENSE.astype("c8"), DENSE), "X holds values of type complex64"),
    "truths": (put("X", DENSE > 0, DENSE), "X holds values of type bool"),
    "records": (put("X", np.zeros((CELLS, GENES), [("a", "f4")]), DENSE), "X holds values of type [('a', '<f4')]"),
    "indptr falls": (put("X/indptr", lambda v: at(slice(3, 5), v[[4, 3]])(v)), "X/indptr falls from"),
    "indptr falls, by columns": (put("X/indptr", lambda v: at(slice(3, 5), v[[4, 3]])(v), CSC), "at column 3"),
    "indptr wraps": (put("X/indptr", lambda v: v.astype("i1")), "expected numbers that never fall"),
    "indptr starts late": (put("X/indptr", lambda v: v + 1), "X/indptr starts with 1; expected 0"),
    "indptr too short": (
        put("X/indptr", lambda v: v[:-1]),
        "X/indptr (0, then the end of each row) has 40 values; expected 41",
    ),
    "indptr of numbers with a point": (
        put("X/indptr", lambda v: v * 1.0),
        "X/indptr is of type float64; expected whole",
    ),
    "indptr too far": (put("X/indptr", lambda v: at(-1, v[-1] + 3)(v)), "values; expected"),
    "data shorter than indices": (put("X/data", lambda v: v[:-1]), "X/data has"),
    "indices shorter than data": (put("X/indices", lambda v: v[:-1]), "X/indices has"),
    "no indices": (without("X/indices"), "X/indices is absent"),
    "negative gene": (put("X/indices", at(7, -1)), "X/indices holds -1 in row 1; expected 0 to 5"),
    "gene beyond the last": (put("X/indices", at(7, 6)), "X/indices holds 6 in row 1; expected 0 to 5"),
    "negative cell": (put("X/indices", at(7, -1), CSC), "X/indices holds -1 in column 0; expected 0 to 39"),
    "cell beyond the last": (put("X/indices", at(7, 40), CSC), "X/indices holds 40 in column 0; expected 0 to 39"),
    "gene wrapped": (put("X/indices", lambda v: at(7, -1)(v).astype("u4")), "X/indices holds 4294967295 in row 1"),
    "two values in one place": (put("X/indices", repeated), "X holds two values at cell 'c0' (row 0), gene 'g0'"),
    "two values, by columns": (put("X/indices", repeated, CSC), "X holds two values at cell 'c0' (row 0), gene 'g0'"),
    "unknown encoding": (
        attribute("X", "encoding-type", "coo_matrix"),
        "stored as a group 'coo_matrix' (attribute encoding-type)",
    ),
    "no encoding": (
        attribute("X", "encoding-type", None),
        "without attribute encoding-type; expected csr_matrix or csc_matrix",
    ),
    "encoding in latin-1": (
        attribute("X", "encoding-type", np.bytes_(CAFE)),
        "attribute encoding-type of X is b'caf\\xe9'",
    ),
    "no shape": (
        attribute("X", "shape", None),
        "X has attribute shape absent; expected the numbers of cells and of genes",
    ),
    "shape of three": (attribute("X", "shape", [40, 6, 1]), "X has attribute shape [40, 6, 1]"),
    "shape turned": (attribute("X", "shape", [6, 40]), "X is 6 x 40; expected 40 x 6, the rows of obs and of var"),
    "sparse said of dense": (
        attribute("X", "encoding-type", "csr_matrix", DENSE),
        "X is not a matrix but stored as 'csr_matrix'",
    ),
    "three axes": (put("X", np.zeros((CELLS, GENES, 2)), DENSE), "of shape (40, 6, 2); expected cells x genes"),
    "more rows than obs": (put("X", np.zeros((50, GENES)), DENSE), "X is 50 x 6; expected 40 x 6"),
    "nothing in X": (put("X", h5py.Empty("f4"), DENSE), "X is not a matrix but stored as 'array' empty"),
    "no X": (without("X"), "holds no matrix X; it has none"),
    "no var": (without("var"), "not a readable h5ad file; it has no var, but 'X'"),
    "link to another file": (
        linked("X", h5py.ExternalLink("gone.h5", "/X")),
        "X is a link to /X in gone.h5, which is not there",
    ),
    "link in X": (linked("X/data", h5py.ExternalLink("gone.h5", "/d")), "X/data is a link to /d in gone.h5"),
    "link to nothing": (linked("obs/gene", h5py.SoftLink("/gone")), "obs/gene is a link to /gone, which is not there"),
    "link to itself": (linked("X", h5py.SoftLink("/X")), "X cannot be read"),
    "log values by columns": (
        with_layers(csc_matrix(LOG)),
        "point config key `layer` at the counts (the file has 'layers/counts' too)",
    ),
    "2^31 in float32": (
        saved(screen(at((3, 4), 2.0**31)(COUNTS.copy()))),
        "X holds 2.1474836e+09 at cell 'c3' (row 3)",
    ),
    "2^31": (
        saved(screen(at((3, 4), 2**31)(COUNTS.astype(int)))),
        "X holds 2147483648 at cell 'c3' (row 3), gene 'g4'",
    ),
    "2^63": (
        saved(screen(at((3, 4), 2**63)(COUNTS.astype("u8")))),
        "X holds 9.22337e+18 at cell 'c3' (row 3), gene 'g4'",
    ),
    "infinity in float16": (put("X", at((3, 4), np.inf)(COUNTS.astype("f2")), DENSE), "X holds inf at cell 'c3'"),
    "infinity in sparse float16": (put("X/data", lambda v: at(0, np.inf)(v.astype("f2"))), "X holds inf at cell 'c0'"),
    "nearly whole": (saved(screen(at((3, 4), 7 * (1 + 1e-7))(ODD.copy()))), "X holds 7.0000007 at cell 'c3' (row 3)"),
    "nearly whole in float32": (
        saved(screen(at((3, 4), 7 * (1 + 1e-7))(COUNTS.copy()))),
        "X holds 7.0000005 at cell 'c3'",
    ),
    "code beyond the last": (
        put("obs/gene/codes", at(5, 9)),
        "obs column 'gene' has code 9 in row 5; its categories are 0 to 1",
    ),
    "code below -1": (
        put("obs/gene/codes", at(5, -2)),
        "obs column 'gene' has code -2 in row 5; its categories are 0 to 1",
    ),
    "code of no label": (
        put("obs/gene/codes", at(5, -1)),
        "obs column 'gene' has no value in 1 of 40 rows, for example 'c5'",
    ),
    "codes with a point": (
        put("obs/gene/codes", lambda v: v * 1.0),
        "has codes of type float64; expected whole numbers",
    ),
    "fewer codes": (put("obs/gene/codes", lambda v: v[:-1]), "obs column 'gene' codes has 39 values; expected 40"),
    "no categories": (without("obs/gene/categories"), "obs column 'gene' has codes and no categories"),
    "a category twice": (
        put("obs/gene/categories", np.array(["A"] * 2, object), dtype=TEXT),
        "categories name 'A' twice",
    ),
    "latin-1 categories": (
        put("obs/gene/categories", np.array([CAFE, b"ctrl"])),
        "holds b'caf\\xe9' in row 0; expected text in UTF-8",
    ),
    "latin-1 labels": (
        column(np.array([b"A", CAFE] * 20, object), dtype=TEXT),
        "holds b'caf\\xe9' in row 1; expected text in UTF-8",
    ),
    "latin-1 cells": (
        put("obs/_index", np.array([CAFE] * 40, object), dtype=TEXT),
        "obs index holds b'caf\\xe9' in row 0",
    ),
    "labels too few": (column(np.array([b"A", b"ctrl"] * 19)), "obs column 'gene' has 38 values; expected 40"),
    "two labels a row": (
        column(np.full((40, 2), b"A")),
        "obs column 'gene' is of shape (40, 2); expected a list of values",
    ),
    "records as labels": (column(np.zeros(40, [("a", "i4")])), "obs column 'gene' is of type [('a', '<i4')]"),
    "enumeration": (
        column(np.zeros(40, h5py.enum_dtype({"A": 0}, "i4"))),
        "obs column 'gene' is of type int32; expected text or numbers",
    ),
    "masked labels": (labels_of(values=[b"A"] * 40, mask=[False] * 39 + [True]), "no value in 1 of 40 rows"),
    "mask too short": (labels_of(values=[b"A"] * 40, mask=[False] * 39), "mask has 39 values; expected 40"),
    "labels of an unknown kind": (labels_of(content=[1]), "obs column 'gene' is stored as 'a group'"),
    "no index": (without("obs/_index"), "obs has no column '_index', which should be its index"),
    "index not named": (attribute("obs", "_index", None), "obs has no attribute _index"),
    "a cell without a name": (
        edited(
            lambda file: (
                file.__delitem__("var/_index"),
                file.__setitem__("var/_index/values", [b"g"] * 6),
                file.__setitem__("var/_index/mask", [0, 0, 0, 0, 1, 0]),
            )
        ),
        "var index '_index' has no value in row 4",
    ),
    "obs no table": (linked("obs", np.zeros(40)), "obs is no table but an array of float64; expected a dataframe"),
    "a folder": (Path.mkdir, "is a folder; expected an h5ad file, or a zarr folder"),
    "no file": (lambda path: None, "no such file"),
    "a link that dangles": (lambda path: path.symlink_to("gone"), "no such file (a link to gone)"),
    "an archive": (lambda path: path.write_bytes(b"PK\x03\x04" + bytes(99)), "it is compressed (zip); unpack it first"),
    "MuData": (
        of_modalities,
        "is a MuData of the modalities 'mod/protein', 'mod/rna'; expected one anndata; write the one",
    ),
    "another matrix file": (
        lambda path: h5py.File(path, "w").create_group("matrix"),
        "it has no obs and no var, but 'matrix'",
    ),
    "zarr, values lost": (
        zarr_without("X/data"),
        "X/data has 0 of its 1 pieces; expected all: was the folder copied whole?",
    ),
    "zarr, genes lost": (zarr_without("X/indices"), "X holds two values at cell 'c0' (row 0), gene 'g0'"),
    "one control": (
        saved(screen()[[*range(21), *range(21, 40, 2)]].copy()),
        "1 cells of the held-out cell type 'Y' have the control label",
    ),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.filterwarnings("ignore")
def test_a_bad_file_is_refused_in_one_line_before_anything_is_written(tmp_path, bad):
    build, words = BAD[bad]
    path = tmp_path / "bad.h5ad"
    build(path)
    refused(path, words)


def refused(path: Path, words: str, **options) -> None:
    with pytest.raises(UserError) as error:
        prepared(path, **options)
    message = str(error.value)
    assert words in message and message.startswith(f"{path}: ") and "\n" not in message
    assert {file.name for file in path.parent.iterdir()} <= {path.name}


SETTINGS = {
    "a column that is not there": (
        {"gene": "symbol"},
        "var has no column 'symbol' (config key gene_column); its columns are none",
    ),
    "a column spelled otherwise": ({"library": "Gnee"}, "did you mean 'gene'?"),
    "a layer that is not there": ({"layer": "counts"}, "holds no matrix layers/counts (config key layer); it has 'X'"),
    "raw that is not there": ({"layer": "raw/X"}, "holds no matrix raw/X (config key layer); it has 'X'"),
    "text for a total": (
        {"library": "gene"},
        "obs column 'gene' (config key library_column) holds 'ctrl'; expected numbers",
    ),
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_that_does_not_fit_the_file_is_refused(tmp_path, setting):
    screen().write_h5ad(tmp_path / "s.h5ad")
    options, words = SETTINGS[setting]
    refused(tmp_path / "s.h5ad", words, **options)


@pytest.mark.parametrize(("total", "said"), [(np.nan, "nan"), (np.inf, "inf"), (1e39, "inf"), (-1.0, "-1"), (0.0, "0")])
@pytest.mark.filterwarnings("ignore:overflow")
def test_a_total_that_is_no_total_is_refused(tmp_path, total, said):
    adata = screen()
    adata.obs.loc["c30", "total"] = total
    adata.write_h5ad(tmp_path / "s.h5ad")
    refused(tmp_path / "s.h5ad", f"(config key library_column) is {said} at cell 'c30'", library="total")


def test_codes_are_no_total(tmp_path):
    """anndata 0.7 keeps codes where the column should be, and tells in an attribute that they are some."""
    screen().write_h5ad(tmp_path / "s.h5ad")
    with h5py.File(tmp_path / "s.h5ad", "a") as file:
        codes, categories = file["obs/gene/codes"][:], file["obs/gene/categories"][:]
        del file["obs/gene"]
        file["obs/__categories/gene"], file["obs/gene"] = categories, codes
        file["obs/gene"].attrs["categories"] = file["obs/__categories/gene"].ref
    refused(tmp_path / "s.h5ad", "obs column 'gene' (config key library_column) holds 'ctrl'", library="gene")


@pytest.mark.parametrize("raised", [PermissionError(13, "Permission denied"), BlockingIOError(11, "unable to lock")])
def test_a_file_that_may_not_be_opened_is_named(tmp_path, raised):
    screen().write_h5ad(tmp_path / "s.h5ad")
    words = "permission denied" if isinstance(raised, PermissionError) else "another process is writing it"
    with mock.patch.object(store.h5py, "File", side_effect=raised):  # root may open everything
        refused(tmp_path / "s.h5ad", words)


def test_a_folder_that_may_not_be_looked_into_is_named(tmp_path):
    with mock.patch.object(Path, "exists", side_effect=PermissionError(13, "Permission denied")):
        refused(tmp_path / "s.h5ad", "permission denied")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "s.h5ad")
    refused(tmp_path / "s.h5ad", "it is no plain file")


def test_counts_that_are_all_of_one_cell_type_and_empty_elsewhere_say_what_was_left_out(tmp_path):
    values = COUNTS.copy()
    values[21::2] = 0  # all that is held out
    screen(csr_matrix(values)).write_h5ad(tmp_path / "s.h5ad")
    refused(tmp_path / "s.h5ad", "it has 'ctrl' (after 10 cells without a count were left out)")


@pytest.mark.filterwarnings("ignore")
def test_a_zarr_folder_cut_off_at_its_top_is_no_zarr_folder(tmp_path):
    screen().write_zarr(tmp_path / "s.zarr")
    for name in (".zgroup", ".zattrs", ".zmetadata", "zarr.json"):
        (tmp_path / "s.zarr" / name).unlink(missing_ok=True)
    refused(tmp_path / "s.zarr", "is a folder; expected an h5ad file, or a zarr folder")
    shutil.rmtree(tmp_path / "s.zarr")
