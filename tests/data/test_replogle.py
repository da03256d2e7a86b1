"""The four cell lines, on small stand-ins in the published layout."""

import json

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csc_matrix, csr_matrix

from expressionvae.data import assembly
from expressionvae.data.assembly import Source, first_bad, locate, read_split
from expressionvae.data.replogle import Filter, assemble_replogle, canonical, knocked_down
from expressionvae.files import UserError

GENES = [f"G{i}" for i in range(12)]
PANEL = ["G3", "G1", "G11", "AARS", "NOWHERE"]  # AARS is called AARS1 in the files, NOWHERE is not measured
LABELS = ["G0", "G1", "G2", "AARS", "non-targeting"]
RULE = dict(target_residual=0.3, cell_residual=0.5, min_cells=5, scale="linear", rescale_to=1e4)
MAP = {"AARS": "AARS1"}


def line(seed, leaky=()):
    """Cells of one line: 40 controls, 10 of each target at 5% of its expression (all of it, if leaky)."""
    rng = np.random.default_rng(seed)
    symbols = [*GENES, "AARS1", "G1"]  # G1 twice, as some symbols are in the published files
    target = np.repeat(["non-targeting", "G0", "G1", "G2", "AARS1", "UNMEASURED"], [40, 10, 10, 10, 10, 10])
    mean = np.full((len(target), len(symbols)), 40.0)
    for i, name in enumerate(target):
        if name in symbols and name not in leaky:
            mean[i, symbols.index(name)] *= 0.05
    names = [f"cell-{i}" for i in range(len(target))]
    obs = pd.DataFrame({"gene": pd.Categorical(target), "UMI_count": 0.0}, index=names)
    var = pd.DataFrame({"gene_name": symbols}, index=[f"ENSG{i:011d}" for i in range(len(symbols))])
    return anndata.AnnData(rng.poisson(mean).astype(np.float32), obs=obs, var=var)


@pytest.fixture
def splits(tmp_path):
    def split(lines, labels):
        return {"genes": PANEL, "labels": {"cell_line": lines, "gene": labels}, "dataset": "replogle"}

    (tmp_path / "train.json").write_text(json.dumps(split(["hepg2", "k562"], LABELS)))
    (tmp_path / "test.json").write_text(json.dumps(split(["hepg2"], ["G0", "G2", "AARS"])))
    return tmp_path / "train.json", tmp_path / "test.json"


@pytest.fixture
def lines(tmp_path):
    made = {"hepg2": line(0, leaky=["G2"]), "k562": line(1)}
    made["k562"].X = csr_matrix(made["k562"].X)
    for name, adata in made.items():
        adata.write_h5ad(tmp_path / f"{name}.h5ad")
    return made


def assemble(tmp_path, splits, **changes):
    sources = {name: tmp_path / f"{name}.h5ad" for name in ("hepg2", "k562")}
    output = tmp_path / "screen.h5ad"
    options = {"control": "non-targeting", "symbol_map": MAP} | RULE | changes
    lost = assemble_replogle(sources, *splits, output, **options)
    return lost, anndata.read_h5ad(output)


def test_screen_has_the_panel_in_order_and_the_counts_of_the_files(tmp_path, splits, lines):
    _, screen = assemble(tmp_path, splits)
    assert screen.var_names.tolist() == PANEL
    assert screen.X.dtype == np.int32 and screen.X.has_sorted_indices and (screen.X.data > 0).all()
    for name, adata in lines.items():
        part = screen[screen.obs["cell_type"] == name]
        rows = adata.obs_names.get_indexer([cell.removeprefix(f"{name}-") for cell in part.obs_names])
        published = np.asarray(csr_matrix(adata.X).todense())[rows]
        assert np.array_equal(part.X[:, :4].toarray(), published[:, [3, 1, 11, 12]])
        assert part.X[:, 4].nnz == 0
        assert np.allclose(part.obs["library_size"], published.sum(axis=1))


def test_leaky_unmeasured_and_unlisted_targets_go_and_are_named(tmp_path, splits, lines, capsys):
    lost, screen = assemble(tmp_path, splits)
    kept = screen.obs.groupby("cell_type", observed=True)["perturbation"].agg(lambda labels: sorted(set(labels)))
    assert kept["hepg2"] == ["AARS", "G0", "G1", "non-targeting"]
    assert kept["k562"] == ["AARS", "G0", "G1", "G2", "non-targeting"]
    assert lost == ["G2"]
    out = capsys.readouterr().out
    assert "held-out targets that survive in hepg2: 2 of 3 listed are here; absent: G2" in out
    assert "1 targets are not among its genes, left out: UNMEASURED" in out
    assert "1 of 5 panel genes absent, set to 0: NOWHERE" in out
    assert "targets that survive in some line: 4 of 4 listed are here" in out


def test_all_controls_stay_and_the_split_is_stored(tmp_path, splits, lines):
    _, screen = assemble(tmp_path, splits)
    assert (screen.obs["perturbation"] == "non-targeting").sum() == 80
    about = screen.uns["split"]
    assert (about["control"], about["heldout_cell_type"]) == ("non-targeting", "hepg2")
    assert list(about["heldout"]) == ["G0", "AARS"]
    assert screen.obs_names.is_unique and screen.obs_names[0].startswith("hepg2-")


def test_chunks_change_nothing(tmp_path, splits, lines, monkeypatch):
    _, whole = assemble(tmp_path, splits)
    monkeypatch.setattr(assembly, "ROWS", 7)
    _, parts = assemble(tmp_path, splits)
    assert (whole.X != parts.X).nnz == 0 and whole.obs.equals(parts.obs)


def test_log_scale_is_stricter_about_what_remains(tmp_path, splits, lines):
    _, linear = assemble(tmp_path, splits)
    _, log = assemble(tmp_path, splits, scale="log")
    assert log.n_obs < linear.n_obs


def test_filter_by_hand():
    label = np.array(["c"] * 2 + ["A"] * 3 + ["B"] * 3 + ["D"] * 3, dtype=object)
    expression = np.array([1, 1, 0, 0, 0.6, 0, 0.5, 0.8, 0, 0, 0])
    baseline = np.array([1.0] * 8 + [0.0] * 3)  # D is not measured
    rule = Filter(0.3, 0.5, 2, "linear", 1e4)  # A: mean residual 0.2, one leaky cell; B: mean residual 0.43
    assert knocked_down(label, expression, baseline, "c", rule).tolist() == [True] * 4 + [False] * 7


def test_bounds_of_the_filter_are_inclusive_and_targets_with_few_cells_go():
    label = np.array(["c", "A", "A", "B"], dtype=object)
    expression, baseline = np.array([1.0, 0.5, 0.0, 0.0]), np.ones(4)
    assert knocked_down(label, expression, baseline, "c", Filter(0.25, 0.5, 2, "linear", 1e4)).tolist() == [
        True,
        True,
        True,
        False,
    ]


def test_unknown_scale_is_refused():
    with pytest.raises(UserError, match="expected 'log' or 'linear'"):
        Filter(0.3, 0.5, 30, "sqrt", 1e4)


def test_genes_are_found_under_old_and_new_names_first_of_a_symbol():
    assert locate(["A", "B1", "C", "A"], ["A", "B", "C1", "D"], {"B": "B1", "C": "C1"}).tolist() == [
        0,
        1,
        2,
        -1,
    ]
    assert canonical("B1", ["B"], {"B": "B1"}) == "B" and canonical("Z", ["B"], {}) == "Z"


def test_lines_other_than_the_splits_are_refused(tmp_path, splits, lines):
    with pytest.raises(UserError, match="lists cell lines"):
        assemble_replogle({"hepg2": ""}, *splits, tmp_path / "s", control="c", symbol_map={}, **RULE)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda a: setattr(a, "X", np.log1p(a.X)), r"hepg2.h5ad: X rows 0-2048: value .*expected raw counts"),
        (lambda a: a.obs.rename(columns={"gene": "target"}, inplace=True), "no column 'gene' in obs; it has"),
        (lambda a: a.var.drop(columns="gene_name", inplace=True), "Ensembl ids"),
        (lambda a: a.obs.update(pd.DataFrame({"gene": "G0"}, index=a.obs_names)), "the control label"),
    ],
)
def test_other_file_is_refused_by_name(tmp_path, splits, lines, damage, message):
    damage(lines["hepg2"])
    lines["hepg2"].write_h5ad(tmp_path / "hepg2.h5ad")
    with pytest.raises(UserError, match=message):
        assemble(tmp_path, splits)
    assert not (tmp_path / "screen.h5ad").exists()


def test_file_that_is_no_h5ad_is_refused(tmp_path, splits, lines):
    (tmp_path / "hepg2.h5ad").write_bytes(b"half a download")
    with pytest.raises(UserError, match="hepg2.h5ad: not an h5ad file"):
        assemble(tmp_path, splits)


def test_column_wise_and_old_files_are_read(tmp_path, lines):
    adata = lines["k562"]
    expected = adata.X.toarray()
    adata.X = csc_matrix(adata.X)
    adata.write_h5ad(tmp_path / "old.h5ad")
    with h5py.File(tmp_path / "old.h5ad", "a") as file:  # categories as anndata 0.7 wrote them
        codes, categories = file["obs/gene/codes"][:], file["obs/gene/categories"][:]
        del file["obs/gene"]
        file["obs/__categories/gene"] = categories
        file["obs/gene"] = codes
        file["obs/gene"].attrs["categories"] = file["obs/__categories/gene"].ref
    with Source(tmp_path / "old.h5ad") as source:
        assert source.column("obs", "gene").tolist() == adata.obs["gene"].tolist()
        assert np.array_equal(np.concatenate([c.toarray() for _, c in source.counts().chunks()]), expected)


def test_first_bad_value():
    assert first_bad(np.array([1.0, 2.0])) is None
    assert first_bad(np.array([1.0, -2.0, 0.5])) == -2 and first_bad(np.array([0.5])) == 0.5


def test_published_split_is_read(shared):
    folder = shared / "data" / "splits"
    split = read_split(
        folder / "replogle_train.json",
        folder / "replogle_test.json",
        cell_type="cell_line",
        perturbation="gene",
    )
    assert (len(split.genes), len(split.perturbations), len(split.heldout)) == (2000, 2024, 372)
    assert split.heldout_cell_type == "hepg2" and set(split.heldout) < set(split.perturbations)


def test_split_without_its_keys_is_refused(splits):
    with pytest.raises(UserError, match="expected keys genes, labels.cell_type, labels.cytokine"):
        read_split(*splits, cell_type="cell_type", perturbation="cytokine")
