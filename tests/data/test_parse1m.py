"""One donor of the cytokine atlas, on a small stand-in in the published layout."""

import json

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from expressionvae.data import sparse
from expressionvae.data.assembly import read_split
from expressionvae.data.matrix import Matrix
from expressionvae.data.parse1m import Found, assemble_parse1m, find_counts
from expressionvae.files import UserError

GENES = [f"G{i}" for i in range(8)]
ABSENT = ["GCLC", "LAP3", "HS3ST1", "AOC1"]  # of scLDM's panel, and not in the published small file
PANEL = ["G5", "G0", "G7"]
CYTOKINES = ["IL-2", "IL-4", "PBS"]


def atlas():
    rng = np.random.default_rng(0)
    frame = pd.MultiIndex.from_product(
        [["Donor1", "Donor2"], ["CD4 Naive", "NK"], [*CYTOKINES, "IL-99"], range(5)],
        names=["donor", "cell_type", "cytokine", "n"],
    ).to_frame(index=False)
    obs = frame.sample(frac=1, random_state=0)[["donor", "cell_type", "cytokine"]].astype("category")
    obs.index = [f"c{i}" for i in range(len(obs))]
    counts = csr_matrix(rng.poisson(0.7, (len(obs), len(GENES))).astype(np.float32))
    obs["tscp_count"] = np.asarray(counts.sum(axis=1)).ravel() + 100
    return anndata.AnnData(counts, obs=obs, var=pd.DataFrame(index=GENES))


@pytest.fixture
def splits(tmp_path):
    held_out = ("test", ["CD4 Naive"], ["IL-4", "IL-9"])
    for name, types, cytokines in (("train", ["CD4 Naive", "NK"], [*CYTOKINES, "IL-9"]), held_out):
        labels = {"cell_type": types, "cytokine": cytokines}
        (tmp_path / f"{name}.json").write_text(json.dumps({"genes": PANEL, "labels": labels}))
    return tmp_path / "train.json", tmp_path / "test.json"


def assemble(tmp_path, splits, adata, **changes):
    adata.write_h5ad(tmp_path / "atlas.h5ad")
    options = {
        "control": "PBS",
        "donor": "Donor1",
        "library_column": "tscp_count",
        "symbol_map": {},
        "key": None,
        "stated": {},
        "on_difference": "report",
    } | changes
    quality = {name: tmp_path / f"{name}.csv" for name in ("steps", "perturbations", "libraries")}
    assemble_parse1m(tmp_path / "atlas.h5ad", *splits, tmp_path / "screen.h5ad", quality, **options)
    return anndata.read_h5ad(tmp_path / "screen.h5ad")


def test_screen_holds_one_donor_on_the_panel(tmp_path, splits, monkeypatch):
    monkeypatch.setattr(sparse, "BLOCK_BYTES", 400)
    adata = atlas()
    screen = assemble(tmp_path, splits, adata)
    expected = adata[(adata.obs["donor"] == "Donor1") & adata.obs["cytokine"].isin(CYTOKINES)]
    assert screen.obs_names.tolist() == expected.obs_names.tolist()
    assert screen.obs["perturbation"].tolist() == expected.obs["cytokine"].tolist()
    assert screen.obs["cell_type"].tolist() == expected.obs["cell_type"].tolist()
    assert np.array_equal(screen.X.toarray(), expected[:, PANEL].X.toarray())
    assert screen.X.dtype == np.int32 and np.allclose(screen.obs["library_size"], expected.obs["tscp_count"])
    assert list(screen.uns["split"]["heldout"]) == ["IL-4"]


def test_without_a_library_column_the_files_genes_are_summed(tmp_path, splits):
    adata = atlas()
    screen = assemble(tmp_path, splits, adata, library_column=None)
    assert np.allclose(screen.obs["library_size"], adata[screen.obs_names].X.sum(axis=1).A1)


def test_unlisted_labels_are_named(tmp_path, splits, capsys):
    assemble(tmp_path, splits, atlas())
    assert "cytokines of donor Donor1: 1 not listed, left out: IL-99" in (said := capsys.readouterr()).out
    assert "held-out cytokines in CD4 Naive: 1 of 2 listed are absent: IL-9" in said.err


@pytest.mark.parametrize(
    ("column", "label", "what"), [("cytokine", "IL-2", "cytokines of"), ("cell_type", "NK", "cell types of")]
)
def test_a_label_that_the_split_spells_otherwise_stops_the_job_and_never_counts_as_listed(
    tmp_path, splits, column, label, what
):
    adata = atlas()
    adata = adata[adata.obs["cytokine"] != "IL-99"].copy()
    values = adata.obs[column].astype(str).to_numpy(dtype=object)
    values[np.flatnonzero(values == label)[::2]] = f"{label}\u00a0"
    adata.obs[column] = pd.Categorical(values)
    with pytest.raises(UserError) as error:
        assemble(tmp_path, splits, adata, on_difference="stop")
    said = f"{what} donor Donor1: one label under several spellings, used only as it is listed: '{label}' and "
    assert said in str(error.value) and r"\xa0'" in str(error.value)
    screen = assemble(tmp_path, splits, adata)
    assert len(screen) == (adata.obs["donor"].eq("Donor1") & adata.obs[column].ne(f"{label}\u00a0")).sum()
    assert not {*screen.obs["perturbation"], *screen.obs["cell_type"]} - {*CYTOKINES, "CD4 Naive", "NK"}


def test_counts_are_found_in_a_layer_when_x_is_logged(tmp_path, splits, capsys):
    adata = atlas()
    expected = assemble(tmp_path, splits, adata)
    adata.layers["counts"] = adata.X
    adata.X = adata.X.log1p()
    screen = assemble(tmp_path, splits, adata)
    assert (screen.X != expected.X).nnz == 0
    assert "raw counts in layers/counts" in capsys.readouterr().out


def test_file_without_counts_is_refused(tmp_path, splits):
    adata = atlas()
    adata.X = adata.X.log1p()
    with pytest.raises(UserError, match=r"atlas.h5ad: no raw counts .*: X holds [\d.]+ at cell"):
        assemble(tmp_path, splits, adata)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"donor": "Donor9"}, "no cell of donor 'Donor9' .config key donor.; obs donor has 'Donor1', 'Donor2'"),
        ({"control": "water"}, "no cell of the control 'water'"),
        ({"library_column": "total"}, "obs has no column 'total'"),
    ],
)
def test_wrong_choice_is_refused_by_name(tmp_path, splits, changes, message):
    with pytest.raises(UserError, match=message):
        assemble(tmp_path, splits, atlas(), **changes)


def test_library_smaller_than_the_counts_is_refused(tmp_path, splits):
    adata = atlas()
    adata.obs["tscp_count"] = 0.5
    with pytest.raises(UserError, match="is 0.5 at cell .*less than its counts"):
        assemble(tmp_path, splits, adata)


def test_panel_of_other_names_is_refused(tmp_path, splits):
    adata = atlas()
    adata.var_names = [f"X{i}" for i in range(8)]
    with pytest.raises(UserError, match="none of the 3 panel genes"):
        assemble(tmp_path, splits, adata)


def test_published_split_is_read(shared):
    folder = shared / "data" / "splits"
    paths = folder / "parse1m_train.json", folder / "parse1m_test.json"
    split = read_split(*paths, cell_type="cell_type", perturbation="cytokine")
    assert (len(split.genes), len(split.cell_types), len(split.perturbations)) == (2000, 18, 91)
    assert split.heldout_cell_type == "CD4 Naive" and len(split.heldout) == 27


def test_listed_labels_that_are_absent_and_other_numbers_stop_the_job(tmp_path, splits):
    with pytest.raises(UserError) as error:
        assemble(tmp_path, splits, atlas(), stated={"donor_cells": 41, "genes": 8}, on_difference="stop")
    assert "donor Donor1, has 40 donor_cells, expected 41" in str(error.value)
    assert "held-out cytokines in CD4 Naive: 1 of 2 listed are absent: IL-9" in str(error.value)
    assert not (tmp_path / "screen.h5ad").exists()


def test_quality_tables_count_the_cells(tmp_path, splits):
    screen = assemble(tmp_path, splits, atlas())
    steps = pd.read_csv(tmp_path / "steps.csv")
    assert steps["cells"].tolist() == [80, 40, 30] and steps["controls"].tolist() == [20, 10, 10]
    groups = pd.read_csv(tmp_path / "perturbations.csv")
    assert groups["cells"].sum() == screen.n_obs and len(groups) == 6
    assert pd.read_csv(tmp_path / "libraries.csv")["cells"].sum() == screen.n_obs


def test_genes_of_the_panel_that_the_file_lacks_stop_the_job_by_name(tmp_path, splits, capsys):
    for path in splits:
        path.write_text(json.dumps(json.loads(path.read_text()) | {"genes": [*PANEL, *ABSENT]}))
    with pytest.raises(UserError) as error:
        assemble(tmp_path, splits, atlas(), on_difference="stop")
    said = "atlas.h5ad lacks 4 of the 7 genes of the panel, to be set to 0: GCLC, LAP3, HS3ST1, AOC1"
    assert said in str(error.value) and not (tmp_path / "screen.h5ad").exists()
    assert assemble(tmp_path, splits, atlas())[:, ABSENT].X.nnz == 0  # by on_difference: report
    assert said in capsys.readouterr().err


def test_cell_names_that_occur_twice_stop_the_job_or_are_numbered(tmp_path, splits, monkeypatch):
    adata = atlas()
    rows = np.flatnonzero((adata.obs["donor"] == "Donor1") & (adata.obs["cytokine"] == "PBS"))
    names = adata.obs_names.to_numpy(copy=True)
    names[rows[1]] = names[rows[0]]
    adata.obs_names = names
    found = assemble(tmp_path, splits, adata).obs_names
    assert found.is_unique and f"{names[rows[0]]}#1" in found
    monkeypatch.setattr(Matrix, "blocks", lambda *_: pytest.fail("counts were read"))
    with pytest.raises(UserError, match="donor Donor1, has 1 cell names more than once"):
        assemble(tmp_path, splits, adata, on_difference="stop")


def test_the_median_library_is_that_of_the_donor(tmp_path, splits):
    adata = atlas()
    adata.obs.loc[adata.obs["donor"] == "Donor2", "tscp_count"] *= 10
    obs = assemble(tmp_path, splits, adata).obs
    assert (obs["median_library"] == np.median(obs["library_size"])).all()


LOGGED = "X of log values"


@pytest.mark.parametrize(
    ("panel_file", "options", "expected"),
    [
        ("counts", {}, ("hvg2000", "X", "tscp_count")),
        ("counts in a layer", {}, ("hvg2000", "layers/counts", "tscp_count")),
        ("counts", {"library_column": "n"}, ("hvg2000", "X", "n")),
        ("no library", {}, ("full", "", None)),
        ("no library", {"counts_from": "hvg2000"}, ("hvg2000", "X", None)),
        (LOGGED, {}, ("full", "", None)),
        (LOGGED, {"counts_from": "full"}, ("full", "", None)),
        (LOGGED, {"counts_from": "hvg2000"}, "no raw counts"),
        ("another panel", {}, ("full", "", None)),
        ("another panel", {"counts_from": "full"}, ("full", "", None)),
        ("another panel", {"counts_from": "hvg2000"}, "small.h5ad lacks 1 of the 3 genes of the panel.*: G7"),
        ("another panel", {"counts_from": "hvg2000", "on_difference": "report"}, ("hvg2000", "X", "tscp_count")),
        ("Ensembl ids", {}, ("full", "", None)),
    ],
)
def test_the_small_file_serves_if_it_has_the_panel_counts_and_library_sizes(
    tmp_path, capsys, panel_file, options, expected
):
    adata = atlas()
    adata.layers["counts"] = adata.X.copy()
    if panel_file in (LOGGED, "counts in a layer"):
        adata.X = adata.X.log1p()
    if panel_file == LOGGED:
        del adata.layers["counts"]
    if panel_file == "no library":
        del adata.obs["tscp_count"]
    if panel_file == "another panel":
        adata.var_names = [*GENES[:7], "ANKRD36BP2-1"]
    if panel_file == "Ensembl ids":
        adata.var_names = [f"ENSG{i:011d}" for i in range(8)]
    adata.write_h5ad(tmp_path / "small.h5ad")
    common = {"counts_from": "auto", "library_column": None, "symbol_map": {}, "on_difference": "stop"}
    arguments = (tmp_path / "small.h5ad", PANEL)
    if isinstance(expected, str):
        with pytest.raises(UserError, match=expected):
            find_counts(*arguments, **(common | options))
    else:
        found = find_counts(*arguments, **(common | options))
        assert found == Found(*expected)
        went_on = found.file == "full" and options.get("counts_from") != "full"
        assert ("so the counts come from the full file" in capsys.readouterr().out) == went_on
        found.save(tmp_path / "found.yaml")
        assert Found.load(tmp_path / "found.yaml") == found
